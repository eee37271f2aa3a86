-- One refresher per account at a time, on all machines, without a transaction that stays open during a call: a lease
-- that ends by itself when its holder dies. (refresh_after is something else: the wait after a temporary failure.)

ALTER TABLE connected_accounts ADD COLUMN refreshing_until TIMESTAMPTZ;
COMMENT ON COLUMN connected_accounts.refreshing_until IS 'Somebody is refreshing this account''s token until then, by the database''s clock; NULL = nobody';
GRANT UPDATE (refreshing_until) ON connected_accounts TO postagent_worker;
