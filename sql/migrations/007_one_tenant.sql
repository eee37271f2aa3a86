-- That a post, its account, its picture and its numbers belong to one tenant is a composite foreign key: no bug of ours
-- can cross tenants. Rows of an adopted database that already do are set aside, whole.

ALTER TABLE connected_accounts
  ADD COLUMN login_provider TEXT CHECK (login_provider IN ('instagram', 'facebook')),
  ADD COLUMN status_reason TEXT,
  ADD COLUMN refresh_after TIMESTAMPTZ,
  ADD CONSTRAINT connected_accounts_tenant_key UNIQUE (user_id, id, platform);
COMMENT ON COLUMN connected_accounts.login_provider IS 'Instagram only: which of its two logins made the token; NULL = the platform''s own';
COMMENT ON COLUMN connected_accounts.status_reason IS 'Why the account is not active, in words for the owner';
COMMENT ON COLUMN connected_accounts.refresh_after IS 'Not before this time is a refresh tried again (backoff after a temporary failure)';

WITH gone AS (
  DELETE FROM analytics WHERE post_id IN (
    SELECT p.id FROM post_queue p JOIN connected_accounts a ON a.id = p.account_id
    WHERE a.user_id <> p.user_id OR a.platform <> p.platform)
  RETURNING to_jsonb(analytics) AS row_data)
INSERT INTO quarantined_rows (table_name, reason, row_data) SELECT 'analytics', 'its post was set aside', row_data FROM gone;
WITH gone AS (
  DELETE FROM post_queue p USING connected_accounts a
  WHERE a.id = p.account_id AND (a.user_id <> p.user_id OR a.platform <> p.platform)
  RETURNING to_jsonb(p) AS row_data)
INSERT INTO quarantined_rows (table_name, reason, row_data)
  SELECT 'post_queue', 'account of another owner or platform', row_data FROM gone;

ALTER TABLE media_library ADD CONSTRAINT media_library_tenant_key UNIQUE (user_id, id);

ALTER TABLE post_queue
  ADD COLUMN media_id UUID,
  ADD CONSTRAINT post_queue_tenant_key UNIQUE (user_id, id),
  ADD CONSTRAINT post_queue_account_tenant_fkey FOREIGN KEY (user_id, account_id, platform)
    REFERENCES connected_accounts (user_id, id, platform) ON DELETE CASCADE,
  ADD CONSTRAINT post_queue_media_tenant_fkey FOREIGN KEY (user_id, media_id)
    REFERENCES media_library (user_id, id) ON DELETE SET NULL (media_id);
CREATE INDEX idx_post_queue_media ON post_queue(media_id) WHERE media_id IS NOT NULL;

ALTER TABLE analytics ADD COLUMN user_id UUID;
UPDATE analytics a SET user_id = p.user_id FROM post_queue p WHERE p.id = a.post_id;
ALTER TABLE analytics
  ALTER COLUMN user_id SET NOT NULL,
  ADD CONSTRAINT analytics_post_tenant_fkey FOREIGN KEY (user_id, post_id)
    REFERENCES post_queue (user_id, id) ON DELETE CASCADE;
CREATE INDEX idx_analytics_latest ON analytics(post_id, fetched_at DESC);

-- Whoever writes analytics the way the starting schema did need not know the new column.
CREATE FUNCTION analytics_fill_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.user_id IS NULL THEN
    SELECT user_id INTO NEW.user_id FROM post_queue WHERE id = NEW.post_id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER analytics_fill_tenant BEFORE INSERT ON analytics FOR EACH ROW EXECUTE FUNCTION analytics_fill_tenant();
