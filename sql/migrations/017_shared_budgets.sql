-- Quotas that a platform gives to the whole application or to one account are kept here, so that all workers on all
-- machines together stay within them.

CREATE TABLE rate_budgets (
  bucket TEXT PRIMARY KEY,
  tokens DOUBLE PRECISION NOT NULL CHECK (tokens >= 0),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE rate_budgets IS 'Token buckets; capacity and refill rate come with the question';
GRANT SELECT, INSERT, UPDATE ON rate_budgets TO postagent_worker;

ALTER TABLE connected_accounts ADD COLUMN slowed_until TIMESTAMPTZ;
COMMENT ON COLUMN connected_accounts.slowed_until IS 'The platform says that this account''s budget is nearly used up: no call before then';
GRANT UPDATE (slowed_until) ON connected_accounts TO postagent_worker;
