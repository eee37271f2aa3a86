-- The life of a post, enforced where nobody can go around it: which change of state is possible, that approval is for
-- exact content, that nothing is edited under a worker's hands, and a history that cannot be forgotten or rewritten.

CREATE FUNCTION post_content_hash(post post_queue) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT encode(sha256(convert_to(jsonb_build_array(
    post.platform, post.account_id, post.content, post.media_url, post.hashtags, post.link_url, post.call_to_action,
    post.alt_text)::text, 'UTF8')), 'hex')
$$;

CREATE FUNCTION post_transition_allowed(from_status text, to_status text, requires_approval boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE from_status
    WHEN 'pending' THEN to_status IN ('approved', 'rejected', 'failed') OR (to_status = 'published' AND NOT requires_approval)
    WHEN 'approved' THEN to_status IN ('pending', 'published', 'failed') -- pending: edited, the approval is void
    WHEN 'failed' THEN to_status = 'pending' -- retry by an owner or operator
    ELSE false -- rejected and published are final
  END
$$;

CREATE FUNCTION post_queue_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.user_id <> NEW.user_id THEN
    RAISE EXCEPTION 'post %: a post cannot change its owner', NEW.id USING ERRCODE = 'check_violation';
  END IF;
  NEW.content_hash := post_content_hash(NEW);
  IF TG_OP = 'INSERT' THEN
    IF NEW.status = 'approved' THEN
      NEW.approved_hash := NEW.content_hash;
      NEW.approved_at := coalesce(NEW.approved_at, now());
    END IF;
    RETURN NEW;
  END IF;

  IF NEW.content_hash <> OLD.content_hash THEN
    IF OLD.status NOT IN ('pending', 'approved', 'failed') THEN
      RAISE EXCEPTION 'post %: % posts cannot be edited', NEW.id, OLD.status USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.lease_expires_at > clock_timestamp() OR OLD.in_doubt_since IS NOT NULL OR OLD.platform_state = 'PROCESSING' THEN
      RAISE EXCEPTION 'post %: it is being published right now and cannot be edited', NEW.id USING ERRCODE = 'lock_not_available';
    END IF;
    NEW.approved_hash := NULL;
    NEW.approved_at := NULL;
    NEW.approved_by := NULL;
    IF OLD.status = 'approved' AND NEW.status = 'approved' THEN
      NEW.status := 'pending';
    END IF;
  END IF;

  IF NEW.status <> OLD.status THEN
    IF NOT post_transition_allowed(OLD.status, NEW.status, OLD.requires_approval) THEN
      RAISE EXCEPTION 'post %: a change from % to % is impossible', NEW.id, OLD.status, NEW.status USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status = 'approved' THEN
      NEW.approved_hash := NEW.content_hash;
      NEW.approved_at := coalesce(NEW.approved_at, now());
    END IF;
  END IF;
  RETURN NEW;
END $$;

-- Rows that stand already get their hashes; approved ones were approved as they stand.
UPDATE post_queue p SET content_hash = post_content_hash(p),
  approved_hash = CASE WHEN status IN ('approved', 'published') THEN post_content_hash(p) END;
ALTER TABLE post_queue ALTER COLUMN content_hash SET NOT NULL;
-- Taking and giving back a lease changes nothing that is guarded: it must stay cheap.
CREATE TRIGGER post_queue_guard_insert BEFORE INSERT ON post_queue FOR EACH ROW EXECUTE FUNCTION post_queue_guard();
CREATE TRIGGER post_queue_guard_update BEFORE UPDATE ON post_queue FOR EACH ROW
  WHEN ((OLD.status, OLD.user_id, OLD.platform, OLD.account_id, OLD.content, OLD.media_url, OLD.hashtags, OLD.link_url,
         OLD.call_to_action, OLD.alt_text, OLD.content_hash, OLD.approved_hash)
    IS DISTINCT FROM (NEW.status, NEW.user_id, NEW.platform, NEW.account_id, NEW.content, NEW.media_url, NEW.hashtags,
         NEW.link_url, NEW.call_to_action, NEW.alt_text, NEW.content_hash, NEW.approved_hash))
  EXECUTE FUNCTION post_queue_guard();

CREATE TABLE post_events (
  post_id UUID NOT NULL,
  seq INTEGER NOT NULL,
  user_id UUID NOT NULL,
  at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  from_status TEXT,
  to_status TEXT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  details JSONB NOT NULL DEFAULT '{}',
  previous_hash TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (post_id, seq),
  CONSTRAINT post_events_post_tenant_fkey FOREIGN KEY (user_id, post_id)
    REFERENCES post_queue (user_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE post_events IS 'Append-only story of each post; every row is hashed over the one before it';

CREATE FUNCTION post_event_hash(event post_events) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT encode(sha256(convert_to(jsonb_build_array(
    event.previous_hash, event.post_id, event.seq, event.user_id, extract(epoch FROM event.at), event.from_status,
    event.to_status, event.actor, event.reason, event.details)::text, 'UTF8')), 'hex')
$$;

CREATE FUNCTION post_events_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last post_events;
BEGIN
  SELECT * INTO last FROM post_events WHERE post_id = NEW.post_id ORDER BY seq DESC LIMIT 1;
  NEW.seq := coalesce(last.seq, 0) + 1;
  NEW.previous_hash := coalesce(last.hash, '');
  NEW.hash := post_event_hash(NEW);
  RETURN NEW;
END $$;
CREATE TRIGGER post_events_chain BEFORE INSERT ON post_events FOR EACH ROW EXECUTE FUNCTION post_events_chain();

CREATE FUNCTION post_events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND pg_trigger_depth() > 1 THEN
    RETURN OLD; -- the whole post goes, by a cascade
  END IF;
  RAISE EXCEPTION 'post_events is append-only';
END $$;
CREATE TRIGGER post_events_append_only BEFORE UPDATE OR DELETE ON post_events
  FOR EACH ROW EXECUTE FUNCTION post_events_append_only();
CREATE TRIGGER post_events_no_truncate BEFORE TRUNCATE ON post_events
  FOR EACH STATEMENT EXECUTE FUNCTION post_events_append_only();

-- Our own code writes the event in the statement that changes the state, or says who it is for the whole transaction
-- (postagent.actor, postagent.reason) when it inserts many posts. Whoever changes a post in another way is recorded too:
-- a row trigger fires after the whole statement, so it sees whether the event is there.
CREATE FUNCTION post_queue_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  known text;
BEGIN
  SELECT to_status INTO known FROM post_events WHERE post_id = NEW.id ORDER BY seq DESC LIMIT 1;
  IF known IS DISTINCT FROM NEW.status THEN
    INSERT INTO post_events (post_id, user_id, from_status, to_status, actor, reason)
    VALUES (NEW.id, NEW.user_id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.status,
            coalesce(nullif(current_setting('postagent.actor', true), ''), session_user),
            coalesce(nullif(current_setting('postagent.reason', true), ''), 'changed without PostAgent'));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER post_queue_history_insert AFTER INSERT ON post_queue
  FOR EACH ROW EXECUTE FUNCTION post_queue_history();
CREATE TRIGGER post_queue_history_update AFTER UPDATE ON post_queue
  FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION post_queue_history();

INSERT INTO post_events (post_id, user_id, to_status, actor, reason)
  SELECT id, user_id, status, 'migration', 'stood here when the history began' FROM post_queue;

-- Wakes sleeping publishers when something becomes due sooner than they know (approved late, "publish now", new).
CREATE FUNCTION post_queue_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.due_at < clock_timestamp() + interval '1 hour' THEN
    PERFORM pg_notify('postagent_due', ''); -- one a transaction, however many rows
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER post_queue_notify_insert AFTER INSERT ON post_queue FOR EACH ROW
  WHEN (NEW.status = 'approved' OR (NEW.status = 'pending' AND NOT NEW.requires_approval))
  EXECUTE FUNCTION post_queue_notify();
CREATE TRIGGER post_queue_notify_update AFTER UPDATE ON post_queue FOR EACH ROW
  WHEN ((NEW.status = 'approved' OR (NEW.status = 'pending' AND NOT NEW.requires_approval))
    AND (OLD.status <> NEW.status OR NEW.scheduled_for < OLD.scheduled_for
      OR (NEW.next_attempt_at IS DISTINCT FROM OLD.next_attempt_at AND NEW.lease_owner IS NULL AND OLD.lease_owner IS NULL)))
  EXECUTE FUNCTION post_queue_notify();

