-- What an owner does with their own account: a new password, a look at where they are logged in, leaving for good.
-- Who is logged in acts through postagent_access here, which gets no more of a user than these functions do.

ALTER TABLE dashboard_sessions ADD COLUMN address TEXT;
COMMENT ON COLUMN dashboard_sessions.address IS 'The IP address that it was opened from; NULL = not known';

ALTER TABLE users ADD COLUMN erasing_at TIMESTAMPTZ;
COMMENT ON COLUMN users.erasing_at IS 'Since then everything of theirs is being deleted; who dies on the way is followed by housekeeping';
CREATE INDEX idx_users_erasing ON users(erasing_at) WHERE erasing_at IS NOT NULL;
GRANT SELECT (erasing_at) ON users TO postagent_access;

-- Only over the very password that was checked: of two tabs one wins. Whoever else is logged in is not any more.
CREATE FUNCTION change_password(person UUID, checked_hash TEXT, new_hash TEXT, staying UUID) RETURNS BOOLEAN
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH changed AS (
    UPDATE users SET password_hash = new_hash WHERE id = person AND password_hash = checked_hash RETURNING id),
  ended AS (
    UPDATE dashboard_sessions s SET revoked_at = clock_timestamp() FROM changed
    WHERE s.user_id = changed.id AND s.id <> staying AND s.revoked_at IS NULL)
  SELECT EXISTS (SELECT FROM changed)
$$;
REVOKE EXECUTE ON FUNCTION change_password(UUID, TEXT, TEXT, UUID) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION change_password(UUID, TEXT, TEXT, UUID) TO postagent_access;

-- What the law asks to be kept of somebody who left: by which customer number their invoices stand at Stripe.
CREATE TABLE erased_customers (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  stripe_customer_id TEXT NOT NULL UNIQUE,
  erased_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE erased_customers IS 'Whose account is gone and whose invoices have to be kept; nothing here says who it was';
ALTER TABLE erased_customers ENABLE ROW LEVEL SECURITY; -- no policy: only the owner of the tables reads it

-- The first half, which stops everything at once: nobody is logged in, nothing is claimed or written any more, posts that
-- were claimed and not begun are taken out of their workers' hands by the fencing token, and what exists unseen on a
-- platform goes to the outbox from which it is deleted while there is still access.
CREATE FUNCTION begin_erasing(person UUID) RETURNS BOOLEAN
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE users SET status = 'canceled', erasing_at = coalesce(erasing_at, clock_timestamp()) WHERE id = person;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE dashboard_sessions SET revoked_at = clock_timestamp() WHERE user_id = person AND revoked_at IS NULL;
  DELETE FROM connect_attempts WHERE user_id = person;
  UPDATE post_queue p SET lease_owner = NULL, lease_expires_at = NULL, lease_token = lease_token + 1
  WHERE p.user_id = person AND p.lease_owner IS NOT NULL
    AND NOT EXISTS (SELECT FROM publish_attempts t WHERE t.post_id = p.id AND t.finished_at IS NULL);
  WITH gone AS (
    DELETE FROM publish_handles h USING post_queue p
    WHERE p.id = h.post_id AND p.user_id = person AND p.status IN ('pending', 'approved') AND post_is_unsettled(p) IS NOT TRUE
    RETURNING p.account_id, p.platform, h.post_id, h.content_hash, h.kind, h.handle)
  INSERT INTO publish_discards (user_id, account_id, platform, post_id, handles, reason)
  SELECT person, account_id, platform, post_id, jsonb_object_agg(kind, handle), 'erased'
  FROM gone GROUP BY account_id, platform, post_id, content_hash;
  RETURN true;
END $$;
REVOKE EXECUTE ON FUNCTION begin_erasing(UUID) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION begin_erasing(UUID) TO postagent_access;

-- The second half. Returns how many calls to a platform are under way for posts of theirs: then nothing is deleted, as
-- what is going out must be seen to its end. An intent is written under a lock on its post (write_intents), so from the
-- second statement on there are no new ones. Locks are taken in the order in which everybody else takes them.
CREATE FUNCTION erase_user(person UUID, email_subject TEXT) RETURNS INTEGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  under_way INTEGER;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('ai budget of ' || person, 0));
  PERFORM FROM users WHERE id = person FOR UPDATE;
  PERFORM FROM post_queue WHERE user_id = person AND status IN ('pending', 'approved') ORDER BY id FOR UPDATE;
  SELECT count(*) INTO under_way FROM post_queue p
  WHERE p.user_id = person AND p.status IN ('pending', 'approved') AND p.lease_expires_at > clock_timestamp()
    AND EXISTS (SELECT FROM publish_attempts t WHERE t.post_id = p.id AND t.finished_at IS NULL);
  IF under_way > 0 THEN
    RETURN under_way;
  END IF;
  INSERT INTO erased_customers (stripe_customer_id)
    SELECT stripe_customer_id FROM users WHERE id = person AND stripe_customer_id IS NOT NULL;
  DELETE FROM users WHERE id = person;
  DELETE FROM quarantined_rows WHERE person::text IN (row_data ->> 'user_id', row_data ->> 'id');
  DELETE FROM login_attempts WHERE subject = email_subject;
  RETURN 0;
END $$;
REVOKE EXECUTE ON FUNCTION erase_user(UUID, TEXT) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_user(UUID, TEXT) TO postagent_access;
