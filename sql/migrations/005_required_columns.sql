-- NOT NULL wherever a row without the value means nothing. Missing values get the column's own default; rows that
-- cannot be mended (no owner, no account) are set aside in quarantined_rows, whole, instead of being lost.
-- Foreign keys that had no index get one, numbers that cannot be negative get a check.

CREATE TABLE quarantined_rows (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  table_name TEXT NOT NULL,
  reason TEXT NOT NULL,
  row_data JSONB NOT NULL,
  quarantined_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Ordered so that a cascade never removes what was not set aside first.
WITH gone AS (
  DELETE FROM analytics WHERE post_id IS NULL
     OR post_id IN (SELECT id FROM post_queue WHERE user_id IS NULL OR account_id IS NULL
                    OR account_id IN (SELECT id FROM connected_accounts WHERE user_id IS NULL))
  RETURNING to_jsonb(analytics) AS row_data)
INSERT INTO quarantined_rows (table_name, reason, row_data) SELECT 'analytics', 'belongs to no post', row_data FROM gone;
WITH gone AS (
  DELETE FROM post_queue WHERE user_id IS NULL OR account_id IS NULL
     OR account_id IN (SELECT id FROM connected_accounts WHERE user_id IS NULL)
  RETURNING to_jsonb(post_queue) AS row_data)
INSERT INTO quarantined_rows (table_name, reason, row_data) SELECT 'post_queue', 'has no owner or no account', row_data FROM gone;
WITH gone AS (DELETE FROM connected_accounts WHERE user_id IS NULL RETURNING to_jsonb(connected_accounts) AS row_data)
INSERT INTO quarantined_rows (table_name, reason, row_data) SELECT 'connected_accounts', 'has no owner', row_data FROM gone;
WITH gone AS (DELETE FROM businesses WHERE user_id IS NULL RETURNING to_jsonb(businesses) AS row_data)
INSERT INTO quarantined_rows (table_name, reason, row_data) SELECT 'businesses', 'has no owner', row_data FROM gone;
WITH gone AS (DELETE FROM media_library WHERE user_id IS NULL RETURNING to_jsonb(media_library) AS row_data)
INSERT INTO quarantined_rows (table_name, reason, row_data) SELECT 'media_library', 'has no owner', row_data FROM gone;
WITH gone AS (DELETE FROM user_preferences WHERE user_id IS NULL RETURNING to_jsonb(user_preferences) AS row_data)
INSERT INTO quarantined_rows (table_name, reason, row_data) SELECT 'user_preferences', 'has no owner', row_data FROM gone;

UPDATE users SET plan_tier = coalesce(plan_tier, 'starter'), status = coalesce(status, 'active'),
  created_at = coalesce(created_at, now()), updated_at = coalesce(updated_at, created_at, now())
  WHERE plan_tier IS NULL OR status IS NULL OR created_at IS NULL OR updated_at IS NULL;
ALTER TABLE users
  ALTER COLUMN plan_tier SET NOT NULL, ALTER COLUMN status SET NOT NULL,
  ALTER COLUMN created_at SET NOT NULL, ALTER COLUMN updated_at SET NOT NULL;

UPDATE businesses SET brand_voice = coalesce(brand_voice, 'professional'),
  created_at = coalesce(created_at, now()), updated_at = coalesce(updated_at, created_at, now())
  WHERE brand_voice IS NULL OR created_at IS NULL OR updated_at IS NULL;
ALTER TABLE businesses
  ALTER COLUMN user_id SET NOT NULL, ALTER COLUMN brand_voice SET NOT NULL,
  ALTER COLUMN created_at SET NOT NULL, ALTER COLUMN updated_at SET NOT NULL;

UPDATE connected_accounts SET status = coalesce(status, 'active'), connected_at = coalesce(connected_at, now())
  WHERE status IS NULL OR connected_at IS NULL;
ALTER TABLE connected_accounts
  ALTER COLUMN user_id SET NOT NULL, ALTER COLUMN status SET NOT NULL, ALTER COLUMN connected_at SET NOT NULL;

UPDATE media_library SET source = coalesce(source, 'upload'), uploaded_at = coalesce(uploaded_at, now())
  WHERE source IS NULL OR uploaded_at IS NULL;
ALTER TABLE media_library
  ALTER COLUMN user_id SET NOT NULL, ALTER COLUMN source SET NOT NULL, ALTER COLUMN uploaded_at SET NOT NULL;

UPDATE post_queue SET status = coalesce(status, 'pending'), retry_count = greatest(coalesce(retry_count, 0), 0),
  requires_approval = coalesce(requires_approval, false),
  created_at = coalesce(created_at, now()), updated_at = coalesce(updated_at, created_at, now())
  WHERE status IS NULL OR retry_count IS NULL OR retry_count < 0 OR requires_approval IS NULL OR created_at IS NULL OR updated_at IS NULL;
ALTER TABLE post_queue
  ALTER COLUMN user_id SET NOT NULL, ALTER COLUMN account_id SET NOT NULL, ALTER COLUMN status SET NOT NULL,
  ALTER COLUMN retry_count SET NOT NULL, ALTER COLUMN requires_approval SET NOT NULL,
  ALTER COLUMN created_at SET NOT NULL, ALTER COLUMN updated_at SET NOT NULL,
  ADD CONSTRAINT post_queue_retry_count_check CHECK (retry_count >= 0);
CREATE INDEX idx_post_queue_account ON post_queue(account_id);

UPDATE analytics SET reach = coalesce(reach, 0), impressions = coalesce(impressions, 0), clicks = coalesce(clicks, 0),
  likes = coalesce(likes, 0), comments = coalesce(comments, 0), shares = coalesce(shares, 0),
  fetched_at = coalesce(fetched_at, now());
ALTER TABLE analytics
  ALTER COLUMN post_id SET NOT NULL, ALTER COLUMN reach SET NOT NULL, ALTER COLUMN impressions SET NOT NULL,
  ALTER COLUMN clicks SET NOT NULL, ALTER COLUMN likes SET NOT NULL, ALTER COLUMN comments SET NOT NULL,
  ALTER COLUMN shares SET NOT NULL, ALTER COLUMN fetched_at SET NOT NULL;

UPDATE content_templates SET active = coalesce(active, true), created_at = coalesce(created_at, now())
  WHERE active IS NULL OR created_at IS NULL;
ALTER TABLE content_templates ALTER COLUMN active SET NOT NULL, ALTER COLUMN created_at SET NOT NULL;

UPDATE user_preferences SET posting_frequency = least(greatest(coalesce(posting_frequency, 3), 0), 21),
  timezone = coalesce(timezone, 'America/New_York'),
  themes_enabled = coalesce(themes_enabled, ARRAY['tip', 'promotion', 'seasonal']),
  email_weekly_summary = coalesce(email_weekly_summary, true),
  email_monthly_report = coalesce(email_monthly_report, true),
  push_approval_needed = coalesce(push_approval_needed, true),
  created_at = coalesce(created_at, now()), updated_at = coalesce(updated_at, created_at, now());
ALTER TABLE user_preferences
  ALTER COLUMN user_id SET NOT NULL, ALTER COLUMN posting_frequency SET NOT NULL, ALTER COLUMN timezone SET NOT NULL,
  ALTER COLUMN themes_enabled SET NOT NULL, ALTER COLUMN email_weekly_summary SET NOT NULL,
  ALTER COLUMN email_monthly_report SET NOT NULL, ALTER COLUMN push_approval_needed SET NOT NULL,
  ALTER COLUMN created_at SET NOT NULL, ALTER COLUMN updated_at SET NOT NULL,
  ADD CONSTRAINT user_preferences_posting_frequency_check CHECK (posting_frequency BETWEEN 0 AND 21);

UPDATE stock_photo_cache SET cached_at = coalesce(cached_at, now()) WHERE cached_at IS NULL;
ALTER TABLE stock_photo_cache ALTER COLUMN cached_at SET NOT NULL;
