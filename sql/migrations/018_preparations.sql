-- What was prepared and is no longer wanted is thrown away. The ids move out of the post's reach in the very statement that
-- edits, rejects or postpones it: nobody can publish by an id that is being deleted, also when the old text comes back.
-- And whoever edits is told when a worker that died may have published the post: until that is settled nothing changes.

ALTER TABLE post_queue ADD COLUMN prepared_at TIMESTAMPTZ;
COMMENT ON COLUMN post_queue.prepared_at IS 'When the unseen part was made or last found alive: containers and photos live for a day';
UPDATE post_queue SET prepared_at = now() WHERE prepared_hash IS NOT NULL;

CREATE TABLE publish_discards (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL,
  account_id UUID NOT NULL,
  platform TEXT NOT NULL,
  post_id UUID,
  handles JSONB NOT NULL,
  reason TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  next_attempt_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  attempts INTEGER NOT NULL DEFAULT 0,
  error_message TEXT,
  CONSTRAINT publish_discards_account_tenant_fkey FOREIGN KEY (user_id, account_id, platform)
    REFERENCES connected_accounts (user_id, id, platform) ON DELETE CASCADE
);
COMMENT ON TABLE publish_discards IS 'Ids of what exists unseen on a platform and has to be deleted there (an outbox)';
COMMENT ON COLUMN publish_discards.post_id IS 'Whose preparation it was; NULL = an orphan that a sweep found';
COMMENT ON COLUMN publish_discards.handles IS 'Kind -> id, as the platform''s client named them';
CREATE INDEX idx_publish_discards_next ON publish_discards(next_attempt_at);
CREATE INDEX idx_publish_discards_account ON publish_discards(account_id);
CREATE INDEX idx_publish_handles_handle ON publish_handles(handle);

CREATE FUNCTION post_queue_preparation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  WITH gone AS (DELETE FROM publish_handles WHERE post_id = OLD.id RETURNING content_hash, kind, handle)
  INSERT INTO publish_discards (user_id, account_id, platform, post_id, handles, reason)
  SELECT OLD.user_id, OLD.account_id, OLD.platform, OLD.id, jsonb_object_agg(kind, handle),
         CASE WHEN NEW.status IN ('rejected', 'failed') THEN NEW.status
              WHEN OLD.content_hash <> NEW.content_hash THEN 'edited' ELSE 'postponed' END
  FROM gone GROUP BY content_hash;
  NEW.prepared_hash := NULL;
  NEW.prepared_at := NULL;
  NEW.prepare_after := NULL;
  RETURN NEW;
END $$;
-- These two run after post_queue_guard_update, by their names: that one sets the content's hash.
CREATE TRIGGER post_queue_preparation BEFORE UPDATE ON post_queue FOR EACH ROW
  WHEN (OLD.content_hash <> NEW.content_hash OR NEW.scheduled_for > OLD.scheduled_for
    OR (OLD.status <> NEW.status AND NEW.status IN ('rejected', 'failed')))
  EXECUTE FUNCTION post_queue_preparation();

-- A lease that ran out while a call was under way is no permission to edit: the attempt stays open until it is settled.
CREATE FUNCTION post_is_unsettled(post post_queue) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path FROM CURRENT AS $$
  SELECT post.lease_expires_at > clock_timestamp() OR post.in_doubt_since IS NOT NULL
    OR coalesce(post.platform_state = 'PROCESSING', false)
    OR EXISTS (SELECT 1 FROM publish_attempts t WHERE t.post_id = post.id AND (t.finished_at IS NULL OR t.outcome = 'in_doubt'))
$$;

CREATE FUNCTION post_queue_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF post_is_unsettled(OLD) THEN
    RAISE EXCEPTION 'post %: it is being published right now and cannot be changed', NEW.id USING ERRCODE = 'lock_not_available';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER post_queue_settled BEFORE UPDATE ON post_queue FOR EACH ROW
  WHEN (OLD.content_hash <> NEW.content_hash OR OLD.scheduled_for <> NEW.scheduled_for
    OR (OLD.status <> NEW.status AND NEW.status IN ('rejected', 'pending')))
  EXECUTE FUNCTION post_queue_settled();

ALTER TABLE publish_discards ENABLE ROW LEVEL SECURITY;
CREATE POLICY worker_discards ON publish_discards FOR ALL TO postagent_worker USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON publish_discards TO postagent_worker;
