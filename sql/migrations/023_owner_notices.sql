-- What an owner has to be told, as a row, so that it is told once however many workers find it out, on the dashboard now
-- and by mail later, until it is mended. The text is in the owner's words.

CREATE TABLE owner_notices (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL,
  account_id UUID NOT NULL,
  platform TEXT NOT NULL CHECK (platform IN ('google', 'facebook', 'instagram')),
  kind TEXT NOT NULL CHECK (kind IN ('connection_lost', 'access_ends')),
  message TEXT NOT NULL,
  takes_effect_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  resolved_at TIMESTAMPTZ,
  CONSTRAINT owner_notices_account_tenant_fkey FOREIGN KEY (user_id, account_id, platform)
    REFERENCES connected_accounts (user_id, id, platform) ON DELETE CASCADE
);
COMMENT ON TABLE owner_notices IS 'What an owner has to be told of an account, once until it is mended';
COMMENT ON COLUMN owner_notices.kind IS 'connection_lost = its posts wait for the owner; access_ends = they will have to, from takes_effect_at on';
COMMENT ON COLUMN owner_notices.takes_effect_at IS 'NULL = since created_at';
COMMENT ON COLUMN owner_notices.resolved_at IS 'Mended: not told any more; the next one of its kind is a new notice';
-- Once: who finds it out later meets this key.
CREATE UNIQUE INDEX owner_notices_open_key ON owner_notices(account_id, kind) WHERE resolved_at IS NULL;
CREATE INDEX idx_owner_notices_user ON owner_notices(user_id, created_at DESC);
CREATE INDEX idx_owner_notices_account ON owner_notices(account_id); -- for the foreign key

ALTER TABLE owner_notices ENABLE ROW LEVEL SECURITY;
CREATE POLICY users_own_notices ON owner_notices FOR ALL TO postagent_dashboard USING (user_id = (SELECT auth.uid()));
CREATE POLICY worker_notices ON owner_notices FOR ALL TO postagent_worker USING (true);
GRANT SELECT ON owner_notices TO postagent_dashboard;
GRANT SELECT, INSERT, UPDATE (message, takes_effect_at, resolved_at) ON owner_notices TO postagent_worker;

-- Who lost a connection before there were notices was shown it, and goes on being shown it.
INSERT INTO owner_notices (user_id, account_id, platform, kind, message)
  SELECT user_id, id, platform, 'connection_lost', coalesce(status_reason, 'The connection does not work any more.')
  FROM connected_accounts WHERE status <> 'active';
