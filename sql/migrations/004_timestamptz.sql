-- The starting schema kept naive times, which mean something else on every server. They were written in UTC and are
-- from here on points in time; wall-clock times exist only at the edges, with the user's zone.
-- (PostgreSQL rebuilds the partial indexes on these columns by itself.)

ALTER TABLE users
  ALTER COLUMN trial_ends_at TYPE timestamptz USING trial_ends_at AT TIME ZONE 'UTC',
  ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC',
  ALTER COLUMN updated_at TYPE timestamptz USING updated_at AT TIME ZONE 'UTC';
ALTER TABLE businesses
  ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC',
  ALTER COLUMN updated_at TYPE timestamptz USING updated_at AT TIME ZONE 'UTC';
ALTER TABLE connected_accounts
  ALTER COLUMN token_expires_at TYPE timestamptz USING token_expires_at AT TIME ZONE 'UTC',
  ALTER COLUMN connected_at TYPE timestamptz USING connected_at AT TIME ZONE 'UTC',
  ALTER COLUMN last_refreshed_at TYPE timestamptz USING last_refreshed_at AT TIME ZONE 'UTC';
ALTER TABLE media_library
  ALTER COLUMN uploaded_at TYPE timestamptz USING uploaded_at AT TIME ZONE 'UTC';
ALTER TABLE post_queue
  ALTER COLUMN scheduled_for TYPE timestamptz USING scheduled_for AT TIME ZONE 'UTC',
  ALTER COLUMN published_at TYPE timestamptz USING published_at AT TIME ZONE 'UTC',
  ALTER COLUMN approved_at TYPE timestamptz USING approved_at AT TIME ZONE 'UTC',
  ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC',
  ALTER COLUMN updated_at TYPE timestamptz USING updated_at AT TIME ZONE 'UTC';
ALTER TABLE analytics
  ALTER COLUMN fetched_at TYPE timestamptz USING fetched_at AT TIME ZONE 'UTC';
ALTER TABLE content_templates
  ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC';
ALTER TABLE user_preferences
  ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC',
  ALTER COLUMN updated_at TYPE timestamptz USING updated_at AT TIME ZONE 'UTC';
ALTER TABLE stock_photo_cache
  ALTER COLUMN cached_at TYPE timestamptz USING cached_at AT TIME ZONE 'UTC';
