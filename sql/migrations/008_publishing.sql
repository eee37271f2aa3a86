-- What publishing exactly once needs: leases with a fencing token, the intent written before the call, every id that a
-- platform hands out on the way, and the doubt that is settled by looking.

ALTER TABLE post_queue
  ADD COLUMN link_url TEXT,
  ADD COLUMN call_to_action TEXT,
  ADD COLUMN alt_text TEXT,
  ADD COLUMN content_hash TEXT,
  ADD COLUMN approved_hash TEXT,
  ADD COLUMN approved_by TEXT,
  ADD COLUMN permalink TEXT,
  ADD COLUMN platform_state TEXT,
  ADD COLUMN lease_owner TEXT,
  ADD COLUMN lease_token BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN lease_expires_at TIMESTAMPTZ,
  ADD COLUMN next_attempt_at TIMESTAMPTZ,
  ADD COLUMN in_doubt_since TIMESTAMPTZ,
  ADD COLUMN seen_absent_at TIMESTAMPTZ,
  ADD COLUMN prepared_hash TEXT,
  ADD COLUMN prepare_after TIMESTAMPTZ,
  ADD COLUMN due_at TIMESTAMPTZ GENERATED ALWAYS AS (GREATEST(scheduled_for, next_attempt_at, lease_expires_at)) STORED;
COMMENT ON COLUMN post_queue.content_hash IS 'SHA-256 of exactly what will appear and where; kept by a trigger';
COMMENT ON COLUMN post_queue.approved_hash IS 'content_hash at the moment of approval: approval is for exact content';
COMMENT ON COLUMN post_queue.lease_token IS 'Fencing token: counts up with every claim; a result with an older token is refused';
COMMENT ON COLUMN post_queue.in_doubt_since IS 'A call was made and its effect is unknown since then; NULL = no doubt';
COMMENT ON COLUMN post_queue.seen_absent_at IS 'First look in this doubt that did not find the post';
COMMENT ON COLUMN post_queue.prepared_hash IS 'content_hash for which everything that can exist unseen has been made';
COMMENT ON COLUMN post_queue.prepare_after IS 'Not before this time is a failed preparation tried again';
COMMENT ON COLUMN post_queue.due_at IS 'The first moment at which a worker may take the post';

-- An id of a platform belongs to one post. Copies in an adopted database are set aside and lose the id, not the row.
WITH copies AS (
  SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY account_id, platform_post_id ORDER BY published_at, id) AS copy
                  FROM post_queue WHERE platform_post_id IS NOT NULL) numbered WHERE copy > 1),
kept AS (
  INSERT INTO quarantined_rows (table_name, reason, row_data)
  SELECT 'post_queue', 'platform_post_id stands on another post too', to_jsonb(p) FROM post_queue p JOIN copies USING (id))
UPDATE post_queue p SET platform_post_id = NULL FROM copies WHERE copies.id = p.id;
CREATE UNIQUE INDEX post_queue_platform_post_key ON post_queue(account_id, platform_post_id)
  WHERE platform_post_id IS NOT NULL;

CREATE INDEX idx_post_queue_due ON post_queue(due_at)
  WHERE status = 'approved' OR (status = 'pending' AND NOT requires_approval);
-- Who catches up after an outage is spaced: when did this account publish last?
CREATE INDEX idx_post_queue_account_published ON post_queue(account_id, published_at DESC) WHERE status = 'published';
CREATE INDEX idx_post_queue_leased ON post_queue(account_id) WHERE lease_owner IS NOT NULL;
CREATE INDEX idx_post_queue_owner_time ON post_queue(user_id, scheduled_for DESC);

CREATE TABLE publish_attempts (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  post_id UUID NOT NULL,
  user_id UUID NOT NULL,
  attempt_number INTEGER NOT NULL CHECK (attempt_number > 0),
  fingerprint TEXT NOT NULL,
  worker TEXT NOT NULL,
  lease_token BIGINT NOT NULL,
  started_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  finished_at TIMESTAMPTZ,
  outcome TEXT CHECK (outcome IN ('published', 'refused', 'try_later', 'in_doubt', 'absent', 'reconnect', 'operator')),
  platform_post_id TEXT,
  http_status INTEGER,
  error_code TEXT,
  error_message TEXT,
  CONSTRAINT publish_attempts_number_key UNIQUE (post_id, attempt_number),
  CONSTRAINT publish_attempts_post_tenant_fkey FOREIGN KEY (user_id, post_id)
    REFERENCES post_queue (user_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE publish_attempts IS 'One row an intent to make a post visible, committed before the call. finished_at NULL = the worker died or is at it';
COMMENT ON COLUMN publish_attempts.outcome IS 'absent = was in doubt, and two looks proved that it never appeared';

CREATE TABLE publish_handles (
  post_id UUID NOT NULL,
  user_id UUID NOT NULL,
  kind TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  handle TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (post_id, content_hash, kind),
  CONSTRAINT publish_handles_post_tenant_fkey FOREIGN KEY (user_id, post_id)
    REFERENCES post_queue (user_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE publish_handles IS 'Ids that a platform handed out for what exists unseen (container, unpublished post or photo)';
