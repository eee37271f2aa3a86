-- name: begin_object
-- A file that is about to be stored.
INSERT INTO stored_objects (key, user_id, place) VALUES (%(key)s, %(user_id)s, %(place)s)

-- name: orphaned_objects
-- Files in storages that we reach and that nothing refers to: an upload that was not finished, a picture that was
-- deleted. What a post still has to show, and what a run has just chosen, is referred to.
SELECT o.key, o.place FROM stored_objects o
WHERE o.created_at < clock_timestamp() - make_interval(secs => %(age)s) AND o.place = ANY(%(places)s)
  AND NOT EXISTS (SELECT FROM media_library m WHERE m.storage_key = o.key)
  AND NOT EXISTS (SELECT FROM media_library m WHERE m.instagram_key = o.key)
  AND NOT EXISTS (SELECT FROM stock_photo_cache c WHERE c.storage_key = o.key)
  AND NOT EXISTS (
    SELECT FROM picture_uses u LEFT JOIN post_queue p ON p.id = u.post_id
    WHERE u.storage_key = o.key AND (u.post_id IS NULL OR p.status IN ('pending', 'approved', 'failed')))
ORDER BY o.created_at LIMIT %(limit)s

-- name: forget_object
-- The file is gone.
DELETE FROM stored_objects WHERE key = %(key)s

-- name: release_abandoned_pictures
-- Pictures that a run chose and never queued, because it died.
DELETE FROM picture_uses WHERE post_id IS NULL AND created_at < clock_timestamp() - make_interval(secs => %(age)s)

-- name: lock_library
-- One upload at a time counts and adds for an owner.
SELECT pg_advisory_xact_lock(hashtextextended('media library of ' || %(user_id)s::text, 0))

-- name: dashboard_media_used
-- How many pictures the owner has, and how many bytes.
SELECT count(*)::int AS pictures, coalesce(sum(size_bytes), 0)::bigint AS bytes FROM media_library

-- name: library_has_file
-- Whether the owner uploaded this very file before.
SELECT EXISTS (SELECT FROM media_library WHERE sha256 = %(sha256)s)

-- name: add_to_library
-- A picture that is stored and ready.
INSERT INTO media_library (id, user_id, filename, url, size_bytes, mime_type, source, storage_key, instagram_key, width,
  height, sha256, fingerprint)
VALUES (%(id)s, %(user_id)s, %(filename)s, %(url)s, %(size_bytes)s, %(mime_type)s, 'upload', %(storage_key)s,
  %(instagram_key)s, %(width)s, %(height)s, %(sha256)s, %(fingerprint)s)

-- name: dashboard_media
-- One page of the owner's pictures, the newest first, with where each is stored and how many posts wait with it.
SELECT m.id, m.filename, m.url, m.storage_key, o.place, m.width, m.height, m.size_bytes, m.alt_text, m.uploaded_at,
       m.last_used_at, m.refusal,
       (SELECT count(*)::int FROM picture_uses u JOIN post_queue p ON p.id = u.post_id
        WHERE u.media_id = m.id AND p.status IN ('pending', 'approved', 'failed')) AS waiting
FROM media_library m LEFT JOIN stored_objects o ON o.key = m.storage_key
ORDER BY m.uploaded_at DESC, m.id LIMIT %(limit)s OFFSET %(offset)s

-- name: describe_media
-- What a picture shows, for people who cannot see it.
UPDATE media_library SET alt_text = %(alt_text)s WHERE id = %(id)s

-- name: delete_media
-- Out of the library. Posts that wait keep their picture; the file goes when no post needs it any more.
DELETE FROM media_library WHERE id = %(id)s

-- name: stock_photo_ready
-- A stock photo was checked, converted and stored; the first run's copy stays.
UPDATE stock_photo_cache SET storage_key = %(key)s, fingerprint = %(fingerprint)s
WHERE id = %(id)s AND storage_key IS NULL

-- name: stock_photo_file
-- Where a stock photo's copy lies.
SELECT c.storage_key AS key, o.place, c.fingerprint
FROM stock_photo_cache c JOIN stored_objects o ON o.key = c.storage_key WHERE c.id = %(id)s

-- name: photos_to_stock
-- The photos that bring every search to enough ready ones, those of the poorest searches first.
WITH searches AS (
  SELECT id, row_number() OVER (PARTITION BY business_type, search_query
                                ORDER BY storage_key IS NULL, cached_at, photo_url) AS place
  FROM stock_photo_cache WHERE refusal IS NULL)
SELECT c.id, c.photo_url AS url, c.source, coalesce(c.alt_text, c.search_query) AS alt_text,
       c.photographer_name AS author, c.photographer_url AS author_url, c.page_url, c.download_ping_url AS ping_url,
       c.storage_key AS key, NULL AS place, c.fingerprint
FROM searches s JOIN stock_photo_cache c USING (id)
WHERE s.place <= %(enough)s AND c.storage_key IS NULL
ORDER BY s.place, c.cached_at, c.photo_url LIMIT %(limit)s

-- name: stock_photo_refused
-- A stock photo that can never be posted.
UPDATE stock_photo_cache SET refusal = %(reason)s WHERE id = %(id)s AND storage_key IS NULL

-- name: own_pictures
-- An owner's pictures, the one that rested longest first; without those that cannot be posted.
SELECT m.id, m.user_id, m.url, m.alt_text, m.storage_key AS key, m.instagram_key, o.place, m.fingerprint
FROM media_library m LEFT JOIN stored_objects o ON o.key = m.storage_key
WHERE m.user_id = %(user_id)s AND m.refusal IS NULL
ORDER BY m.last_used_at NULLS FIRST, m.uploaded_at, m.id LIMIT %(limit)s

-- name: own_picture_ready
-- A picture that came into the library by another way was checked, converted and stored.
UPDATE media_library SET storage_key = %(key)s, instagram_key = %(instagram_key)s, width = %(width)s,
  height = %(height)s, size_bytes = %(size_bytes)s, mime_type = %(mime_type)s, fingerprint = %(fingerprint)s
WHERE id = %(id)s AND storage_key IS NULL

-- name: own_picture_file
-- Where an owner's picture lies.
SELECT m.storage_key AS key, m.instagram_key, o.place, m.fingerprint
FROM media_library m JOIN stored_objects o ON o.key = m.storage_key WHERE m.id = %(id)s

-- name: own_picture_refused
-- A picture of an owner's that can never be posted.
UPDATE media_library SET refusal = %(reason)s WHERE id = %(id)s AND storage_key IS NULL

-- name: resting_pictures
-- What a business showed in the last 60 days or is going to show: where each came from, and its look where it is known.
SELECT u.source_key, u.fingerprint FROM picture_uses u LEFT JOIN post_queue p ON p.id = u.post_id
WHERE u.user_id = %(user_id)s
  AND coalesce(p.published_at, p.scheduled_for, u.planned_for) > now() - interval '60 days'
UNION ALL
SELECT shown.url, NULL FROM post_queue p, unnest(array_prepend(p.media_url, p.more_media_urls)) AS shown (url)
WHERE p.user_id = %(user_id)s AND p.scheduled_for > now() - interval '75 days'
  AND coalesce(p.published_at, p.scheduled_for) > now() - interval '60 days' AND shown.url IS NOT NULL

-- name: take_picture
-- Choose a picture for a post that is being written. The database lets nobody take one that rests: then no row comes back.
INSERT INTO picture_uses (id, user_id, media_id, source, source_key, fingerprint, storage_key, url, show_url, author,
  author_url, page_url, planned_for, ping_url)
VALUES (%(id)s, %(user_id)s, %(media_id)s, %(source)s, %(source_key)s, %(fingerprint)s, %(storage_key)s, %(url)s,
  %(show_url)s, %(author)s, %(author_url)s, %(page_url)s, %(planned_for)s, %(ping_url)s)
RETURNING id

-- name: bind_pictures
-- The posts are queued: each of these pictures is its post's now, and a service that wants to know is told.
UPDATE picture_uses u SET post_id = b.post_id, ping_due_at = CASE WHEN u.ping_url IS NOT NULL THEN clock_timestamp() END
FROM unnest(%(uses)s::uuid[], %(posts)s::uuid[]) AS b (use_id, post_id)
WHERE u.id = b.use_id AND u.post_id IS NULL

-- name: note_own_pictures
-- Which of the owner's pictures these posts show, on the post and in the library.
WITH noted AS (
  UPDATE post_queue p SET media_id = u.media_id FROM picture_uses u
  WHERE u.id = ANY(%(uses)s::uuid[]) AND u.post_id = p.id AND u.media_id IS NOT NULL
  RETURNING p.media_id, p.scheduled_for)
UPDATE media_library m SET last_used_at = greatest(m.last_used_at, n.shown_at)
FROM (SELECT media_id, max(scheduled_for) AS shown_at FROM noted GROUP BY media_id) n WHERE m.id = n.media_id

-- name: release_pictures
-- These were chosen, but their posts were not queued.
DELETE FROM picture_uses WHERE id = ANY(%(uses)s::uuid[]) AND post_id IS NULL

-- name: claim_pings
-- Photos whose source wants to be told that they are used; each is due again an hour later, then twice as long each time
-- (a day at most), unless it is done before.
UPDATE picture_uses SET ping_attempts = ping_attempts + 1,
  ping_due_at = clock_timestamp() + least(interval '1 hour' * 2 ^ least(ping_attempts, 10), interval '1 day')
WHERE id IN (SELECT id FROM picture_uses WHERE ping_due_at <= clock_timestamp()
             ORDER BY ping_due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING id, ping_url

-- name: ping_done
-- It knows, or will never want to.
UPDATE picture_uses SET ping_due_at = NULL WHERE id = %(id)s
