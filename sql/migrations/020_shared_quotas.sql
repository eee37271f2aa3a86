-- Limits that a platform sets for our whole application or for one account are kept here, so that all workers on all
-- machines together stay within them: Google's calls a minute, the slow-downs that Meta's usage headers ask for, and
-- Instagram's posts in 24 hours.

CREATE TABLE shared_quotas (
  name TEXT PRIMARY KEY,
  slots BIGINT[] NOT NULL DEFAULT '{}',
  counts INTEGER[] NOT NULL DEFAULT '{}',
  slowed_until TIMESTAMPTZ,
  CONSTRAINT shared_quotas_counts_check CHECK (cardinality(slots) = cardinality(counts))
) WITH (fillfactor = 50); -- one small row, changed by every worker all the time
COMMENT ON TABLE shared_quotas IS 'One row a platform, for our application as a whole; no tenant''s data';
COMMENT ON COLUMN shared_quotas.slots IS 'Short spans of time (number of spans since 1970, named by their end) in which calls were granted';
COMMENT ON COLUMN shared_quotas.counts IS 'How many calls were granted in each of slots';
COMMENT ON COLUMN shared_quotas.slowed_until IS 'The usage headers say that our application is near its limit: no call before then';
GRANT SELECT, INSERT, UPDATE ON shared_quotas TO postagent_worker;

ALTER TABLE connected_accounts
  ADD COLUMN slowed_until TIMESTAMPTZ,
  ADD COLUMN slowed_reason TEXT,
  ADD COLUMN full_until TIMESTAMPTZ;
COMMENT ON COLUMN connected_accounts.slowed_until IS 'The platform asks for a pause or blocks the account: no call before then';
COMMENT ON COLUMN connected_accounts.slowed_reason IS 'Why, in the owner''s words';
COMMENT ON COLUMN connected_accounts.full_until IS 'The account''s posts for 24 hours are used up: no new post is begun before then';
GRANT UPDATE (slowed_until, slowed_reason, full_until) ON connected_accounts TO postagent_worker;
GRANT SELECT (slowed_until, slowed_reason, full_until) ON connected_accounts TO postagent_dashboard;

-- What the platform last said of an account's posts in its moving window. The row is also the lock under which the
-- places that are left are given away.
CREATE TABLE publishing_quotas (
  user_id UUID NOT NULL,
  account_id UUID PRIMARY KEY,
  platform TEXT NOT NULL CHECK (platform IN ('google', 'facebook', 'instagram')),
  used INTEGER NOT NULL CHECK (used >= 0),
  total INTEGER CHECK (total >= 0),
  window_seconds INTEGER NOT NULL CHECK (window_seconds > 0),
  read_at TIMESTAMPTZ NOT NULL,
  CONSTRAINT publishing_quotas_account_tenant_fkey FOREIGN KEY (user_id, account_id, platform)
    REFERENCES connected_accounts (user_id, id, platform) ON DELETE CASCADE
);
COMMENT ON COLUMN publishing_quotas.total IS 'NULL = the platform names no limit';
COMMENT ON COLUMN publishing_quotas.read_at IS 'When the platform was asked (the moment before), by the database''s clock';
ALTER TABLE publishing_quotas ENABLE ROW LEVEL SECURITY;
CREATE POLICY users_own_publishing_quotas ON publishing_quotas FOR ALL TO postagent_dashboard USING (user_id = (SELECT auth.uid()));
CREATE POLICY worker_publishing_quotas ON publishing_quotas FOR ALL TO postagent_worker USING (true);
GRANT SELECT ON publishing_quotas TO postagent_dashboard;
GRANT SELECT, INSERT, UPDATE ON publishing_quotas TO postagent_worker;

-- The intent is the place: it is counted from the moment it is committed, and stops counting when it is known that
-- nothing appeared. A worker that dies leaves its place taken.
ALTER TABLE publish_attempts ADD COLUMN quota_account_id UUID;
COMMENT ON COLUMN publish_attempts.quota_account_id IS 'The post''s account where the platform limits its posts a day: this attempt takes one of them';
CREATE INDEX idx_publish_attempts_quota ON publish_attempts(quota_account_id, started_at) WHERE quota_account_id IS NOT NULL;
