-- A claim must cost the same with a hundred thousand posts as with five million, and with one due as with fifty thousand.
-- It walks along the due times and stops after a bounded number of entries. And taking a lease must not touch an index:
-- due_at no longer holds the lease, so that PostgreSQL updates the row in its page (HOT) instead of in fifteen indexes.

ALTER TABLE post_queue DROP COLUMN due_at;
ALTER TABLE post_queue ADD COLUMN due_at TIMESTAMPTZ GENERATED ALWAYS AS (GREATEST(scheduled_for, next_attempt_at)) STORED;
COMMENT ON COLUMN post_queue.due_at IS 'The first moment at which a worker may take the post, if no other holds it';
CREATE INDEX idx_post_queue_due ON post_queue(due_at, account_id)
  WHERE status = 'approved' OR (status = 'pending' AND NOT requires_approval);
DROP INDEX idx_post_queue_leased;
ALTER TABLE post_queue SET (fillfactor = 80); -- room for the lease beside the row

-- Who catches up after an outage goes one by one: when may this account's next late post go out?
ALTER TABLE connected_accounts ADD COLUMN catch_up_after TIMESTAMPTZ;
COMMENT ON COLUMN connected_accounts.catch_up_after IS 'Not before this time does the next of its late posts go out';
CREATE INDEX idx_connected_accounts_catch_up ON connected_accounts(catch_up_after) WHERE catch_up_after IS NOT NULL;
GRANT UPDATE (catch_up_after) ON connected_accounts TO postagent_worker;
