-- name: owners_to_write_for
-- Everybody whose week is to be written; with a user id only that one, whatever their status.
SELECT id FROM users
WHERE CASE WHEN %(user_id)s::uuid IS NULL THEN status IN ('active', 'trial') ELSE id = %(user_id)s::uuid END
ORDER BY id

-- name: owner_to_write_for
-- One owner with their oldest business and what they prefer; business and preferences are NULL where there are none.
SELECT u.id AS user_id, u.plan_tier, u.status, u.trial_ends_at,
       b.id AS business_id, b.name, b.type, b.location_city, b.location_state, b.description, b.website, b.brand_voice,
       p.posting_frequency, p.preferred_times, p.timezone, p.themes_enabled, p.avoid_keywords
FROM users u
LEFT JOIN LATERAL (SELECT * FROM businesses WHERE user_id = u.id ORDER BY created_at, id LIMIT 1) b ON true
LEFT JOIN user_preferences p ON p.user_id = u.id
WHERE u.id = %(user_id)s

-- name: accounts_to_write_for
-- An owner's accounts, in the order in which they were connected.
SELECT id, platform, coalesce(account_name, account_id) AS name, status
FROM connected_accounts WHERE user_id = %(user_id)s ORDER BY connected_at, id

-- name: slots_taken
-- The slots of an owner's accounts from one day on, whatever became of their posts.
SELECT account_id, slot, theme FROM post_queue
WHERE user_id = %(user_id)s AND slot >= %(first_day)s::text
ORDER BY slot

-- name: posts_written_lately
-- Texts of an owner's posts since a time, newest first.
SELECT content FROM post_queue
WHERE user_id = %(user_id)s AND scheduled_for >= %(since)s
ORDER BY scheduled_for DESC, id LIMIT %(limit)s

-- name: photo_searches
-- Which stock photo searches a trade has in the cache, most photos first.
SELECT search_query, count(*) AS photos FROM stock_photo_cache
WHERE business_type = %(business_type)s GROUP BY search_query ORDER BY photos DESC, search_query

-- name: photos_cached
-- The cached photos of a trade that can be posted; with a search only that search's. What is ready says where it lies.
SELECT c.id, c.photo_url AS url, c.source, coalesce(c.alt_text, c.search_query) AS alt_text,
       c.photographer_name AS author, c.photographer_url AS author_url, c.page_url, c.download_ping_url AS ping_url,
       c.storage_key AS key, o.place, c.fingerprint
FROM stock_photo_cache c LEFT JOIN stored_objects o ON o.key = c.storage_key
WHERE c.business_type = %(business_type)s AND (%(search_query)s::text IS NULL OR c.search_query = %(search_query)s)
  AND c.refusal IS NULL
ORDER BY c.cached_at, c.photo_url LIMIT %(limit)s

-- name: cache_photos
-- Keep what a search found; a photo that the trade has already stays as it is.
INSERT INTO stock_photo_cache (business_type, search_query, photo_url, photographer_name, photographer_url, source,
  alt_text, page_url, download_ping_url)
SELECT %(business_type)s, %(search_query)s, p.photo_url, p.photographer_name, p.photographer_url, p.source, p.alt_text,
       p.page_url, p.download_ping_url
FROM jsonb_to_recordset(%(photos)s::jsonb) AS p(photo_url text, photographer_name text, photographer_url text,
  source text, alt_text text, page_url text, download_ping_url text)
ORDER BY p.photo_url
ON CONFLICT (business_type, photo_url) DO NOTHING

-- name: queue_written_posts
-- Put a written week into the queue with the first line of each post's story; returns which posts are new.
-- A slot that somebody else filled meanwhile stays theirs; nothing is queued for an account that is not active any more
-- or an owner who was paused while their week was being written.
WITH written AS (
  SELECT * FROM jsonb_to_recordset(%(posts)s::jsonb) AS p(id uuid, account_id uuid, platform text, content text,
    media_url text, hashtags text[], scheduled_for timestamptz, theme text, slot text, link_url text,
    call_to_action text, alt_text text, reason text, details jsonb)),
queued AS (
  INSERT INTO post_queue (id, user_id, account_id, platform, content, media_url, hashtags, scheduled_for,
    requires_approval, theme, slot, generation_id, link_url, call_to_action, alt_text)
  SELECT w.id, a.user_id, a.id, a.platform, w.content, w.media_url, w.hashtags, w.scheduled_for,
         %(requires_approval)s::boolean, w.theme, w.slot, %(generation_id)s::uuid, w.link_url, w.call_to_action,
         w.alt_text
  FROM written w
  JOIN connected_accounts a ON a.id = w.account_id AND a.platform = w.platform AND a.status = 'active'
  JOIN users u ON u.id = a.user_id AND u.status IN ('active', 'trial')
  WHERE a.user_id = %(user_id)s::uuid
  ORDER BY w.account_id, w.slot -- one order, so that two runs cannot block each other
  ON CONFLICT (account_id, slot) DO NOTHING
  RETURNING id, user_id)
INSERT INTO post_events (post_id, user_id, to_status, actor, reason, details)
SELECT q.id, q.user_id, 'pending', 'generate-weekly-content', w.reason, w.details
FROM queued q JOIN written w USING (id)
RETURNING post_id
