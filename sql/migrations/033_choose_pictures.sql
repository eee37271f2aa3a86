-- An owner chooses another picture for a post, or none. The dashboard's role neither writes picture_uses nor reads the
-- stock photos, which belong to nobody: what it may do with them are these two functions, each for the tenant of its
-- transaction. A picture that rests (60 days) is not taken here either.

CREATE FUNCTION stock_pictures(kind TEXT, most INTEGER)
RETURNS TABLE (id UUID, source TEXT, photo_url TEXT, author TEXT, author_url TEXT, page_url TEXT, alt_text TEXT, storage_key TEXT,
  place TEXT)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.id, c.source, c.photo_url, c.photographer_name, c.photographer_url, c.page_url, coalesce(c.alt_text, c.search_query),
    c.storage_key, o.place
  FROM stock_photo_cache c JOIN stored_objects o ON o.key = c.storage_key
  WHERE c.business_type = kind AND c.refusal IS NULL AND auth.uid() IS NOT NULL
    AND NOT picture_rests(auth.uid(), c.photo_url, c.fingerprint)
  ORDER BY md5(c.id::text || auth.uid()::text) -- two businesses of a trade see different ones first
  LIMIT most
$$;
COMMENT ON FUNCTION stock_pictures IS 'Photos of a trade that are ready and that the tenant has not shown for 60 days';

CREATE FUNCTION choose_picture(wanted_post UUID, own UUID, stock UUID, address TEXT) RETURNS BOOLEAN
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  post post_queue;
BEGIN
  SELECT * INTO post FROM post_queue
  WHERE id = wanted_post AND user_id = auth.uid() AND status IN ('pending', 'approved', 'failed') FOR UPDATE;
  IF post.id IS NULL OR post_is_unsettled(post) IS TRUE THEN
    RETURN false;
  END IF;
  DELETE FROM picture_uses WHERE post_id = post.id;
  IF own IS NOT NULL THEN
    INSERT INTO picture_uses (user_id, post_id, media_id, source, source_key, fingerprint, storage_key, url, planned_for)
    SELECT post.user_id, post.id, m.id, 'upload', 'media:' || m.id, m.fingerprint,
      CASE WHEN post.platform = 'instagram' THEN coalesce(m.instagram_key, m.storage_key) ELSE m.storage_key END,
      address, post.scheduled_for
    FROM media_library m
    WHERE m.id = own AND m.user_id = post.user_id AND m.refusal IS NULL AND m.storage_key IS NOT NULL;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
    UPDATE media_library SET last_used_at = greatest(last_used_at, post.scheduled_for) WHERE id = own;
  ELSIF stock IS NOT NULL THEN
    INSERT INTO picture_uses (user_id, post_id, source, source_key, fingerprint, storage_key, url, show_url, author,
      author_url, page_url, planned_for, ping_url, ping_due_at)
    SELECT post.user_id, post.id, c.source, c.photo_url, c.fingerprint, c.storage_key, address,
      CASE WHEN c.source = 'unsplash' THEN c.photo_url END, c.photographer_name, c.photographer_url, c.page_url,
      post.scheduled_for, c.download_ping_url, CASE WHEN c.download_ping_url IS NOT NULL THEN clock_timestamp() END
    FROM stock_photo_cache c WHERE c.id = stock AND c.refusal IS NULL AND c.storage_key IS NOT NULL;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
  END IF;
  UPDATE post_queue SET media_id = own WHERE id = post.id;
  RETURN true;
END $$;
COMMENT ON FUNCTION choose_picture IS 'Gives the tenant''s post this picture instead of its own (both NULL = none); false = it rests or is gone: roll back';

REVOKE EXECUTE ON FUNCTION stock_pictures(TEXT, INTEGER) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION choose_picture(UUID, UUID, UUID, TEXT) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION stock_pictures(TEXT, INTEGER), choose_picture(UUID, UUID, UUID, TEXT) TO postagent_dashboard;

-- How the queue is looked at: by where posts stand, and by what an owner filters for. Simple enough to be inlined.
CREATE FUNCTION post_stands(post post_queue, part TEXT) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT CASE part
    WHEN 'waiting' THEN post.status = 'pending' AND post.requires_approval AND post.in_doubt_since IS NULL
    WHEN 'scheduled' THEN (post.status = 'approved' OR (post.status = 'pending' AND NOT post.requires_approval))
      AND post.in_doubt_since IS NULL
    WHEN 'problems' THEN post.status = 'failed' OR (post.status IN ('pending', 'approved') AND post.in_doubt_since IS NOT NULL)
    WHEN 'all' THEN true
    ELSE post.status = part
  END
$$;
CREATE FUNCTION post_fits(post post_queue, on_platform TEXT, of_account UUID, of_theme TEXT, pattern TEXT)
RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT (on_platform IS NULL OR post.platform = on_platform) AND (of_account IS NULL OR post.account_id = of_account)
    AND (of_theme IS NULL OR post.theme = of_theme)
    AND (pattern IS NULL OR post.content ILIKE pattern OR array_to_string(post.hashtags, ' ') ILIKE pattern)
$$;
-- Few posts are turned down: without this the queue would look for them among everything that was ever published.
CREATE INDEX idx_post_queue_owner_rejected ON post_queue(user_id, scheduled_for DESC) WHERE status = 'rejected';
