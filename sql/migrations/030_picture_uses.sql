-- Which picture a post has, and whom to thank for it. A row is the picture's place: it is taken before the post is
-- queued, and no picture of a business comes again within 60 days, however many runs choose at once. The same picture is
-- the same source, or the same look (an owner may upload the very photo that a stock service has).

CREATE TABLE picture_uses (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  post_id UUID,
  media_id UUID,
  source TEXT NOT NULL CHECK (source IN ('upload', 'pexels', 'unsplash')),
  source_key TEXT NOT NULL,
  fingerprint TEXT CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
  storage_key TEXT REFERENCES stored_objects(key) ON DELETE SET NULL,
  url TEXT NOT NULL,
  show_url TEXT,
  author TEXT,
  author_url TEXT,
  page_url TEXT,
  planned_for TIMESTAMPTZ NOT NULL,
  created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  ping_url TEXT,
  ping_due_at TIMESTAMPTZ,
  ping_attempts INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT picture_uses_post_tenant_fkey FOREIGN KEY (user_id, post_id)
    REFERENCES post_queue (user_id, id) ON DELETE CASCADE,
  CONSTRAINT picture_uses_media_tenant_fkey FOREIGN KEY (user_id, media_id)
    REFERENCES media_library (user_id, id) ON DELETE SET NULL (media_id)
);
COMMENT ON COLUMN picture_uses.post_id IS 'NULL = chosen, its post is not queued yet (or its run died: housekeeping lets go of it)';
COMMENT ON COLUMN picture_uses.media_id IS 'The owner''s picture; NULL for stock, and when the owner deleted it since';
COMMENT ON COLUMN picture_uses.source_key IS 'Stock: the photo''s address at its source; own: "media:" and its id';
COMMENT ON COLUMN picture_uses.url IS 'The post''s media_url; a post that shows another address by now has another picture';
COMMENT ON COLUMN picture_uses.show_url IS 'Where the source asks that pages show the photo from (Unsplash); NULL = from url';
COMMENT ON COLUMN picture_uses.ping_due_at IS 'Unsplash: when ping_url is to be called (next); NULL = done, or nothing to do';
CREATE UNIQUE INDEX picture_uses_post_key ON picture_uses(post_id) WHERE post_id IS NOT NULL;
CREATE INDEX idx_picture_uses_user ON picture_uses(user_id);
CREATE INDEX idx_picture_uses_media ON picture_uses(media_id) WHERE media_id IS NOT NULL;
CREATE INDEX idx_picture_uses_storage ON picture_uses(storage_key) WHERE storage_key IS NOT NULL;
CREATE INDEX idx_picture_uses_unbound ON picture_uses(created_at) WHERE post_id IS NULL;
CREATE INDEX idx_picture_uses_ping ON picture_uses(ping_due_at) WHERE ping_due_at IS NOT NULL;

-- Posts that stand already and show a stock photo get its attribution; by their address they rest anyway.
INSERT INTO picture_uses (user_id, post_id, source, source_key, url, show_url, author, author_url, page_url, planned_for)
SELECT DISTINCT ON (p.id) p.user_id, p.id, c.source, 'queued:' || p.id, p.media_url,
       CASE WHEN c.source = 'unsplash' THEN c.photo_url END, c.photographer_name, c.photographer_url, c.page_url, p.scheduled_for
FROM post_queue p JOIN stock_photo_cache c ON c.photo_url = p.media_url
ORDER BY p.id, c.cached_at;

-- Counted back from now, not from the new post's time: "publish now" may bring that one forward. Posts that got their
-- picture in another way count by its address.
CREATE FUNCTION picture_rests(owner uuid, key text, look text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT 1 FROM picture_uses u LEFT JOIN post_queue p ON p.id = u.post_id
    WHERE u.user_id = owner AND coalesce(p.published_at, p.scheduled_for, u.planned_for) > now() - interval '60 days'
      AND (u.source_key = key OR bit_count(('x' || u.fingerprint)::bit(256) # ('x' || look)::bit(256)) <= 12))
  OR EXISTS (
    SELECT 1 FROM post_queue WHERE user_id = owner AND scheduled_for > now() - interval '75 days'
      AND coalesce(published_at, scheduled_for) > now() - interval '60 days'
      AND (media_url = key OR key = ANY (more_media_urls)))
$$;

CREATE FUNCTION picture_uses_take() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- One choice at a time for a business: the second one sees the first one's row.
  PERFORM pg_advisory_xact_lock(hashtextextended('picture of ' || NEW.user_id, 0));
  IF picture_rests(NEW.user_id, NEW.source_key, NEW.fingerprint) THEN
    RETURN NULL; -- no row comes back: choose another picture
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER picture_uses_take BEFORE INSERT ON picture_uses FOR EACH ROW EXECUTE FUNCTION picture_uses_take();

ALTER TABLE picture_uses ENABLE ROW LEVEL SECURITY;
CREATE POLICY users_own_picture_uses ON picture_uses FOR ALL TO postagent_dashboard USING (user_id = (SELECT auth.uid()));
CREATE POLICY worker_picture_uses ON picture_uses FOR ALL TO postagent_worker USING (true);
GRANT SELECT ON picture_uses TO postagent_dashboard;
GRANT SELECT, INSERT, UPDATE, DELETE ON picture_uses TO postagent_worker;
