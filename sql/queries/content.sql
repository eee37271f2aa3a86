-- name: owners_to_write_for
-- Everybody whose week is to be written; with a user id only that one, whatever their status.
SELECT id FROM users
WHERE CASE WHEN %(user_id)s::uuid IS NULL THEN is_served ELSE id = %(user_id)s::uuid END
ORDER BY id

-- name: owner_to_write_for
-- One owner with their oldest business and what they prefer; business and preferences are NULL where there are none.
SELECT u.id AS user_id, u.plan_tier, u.status, u.is_served, u.trial_ends_at,
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

-- name: facts_to_write_from
-- What an owner stated about a business beside its description, and the reviews that its customers wrote.
SELECT id, kind, text, author, used_at FROM business_facts
WHERE business_id = %(business_id)s ORDER BY created_at, id LIMIT %(limit)s

-- name: neighbours_texts
-- What others of the same trade in the same town posted since a time, newest first. For the gates' eyes only: it never
-- reaches another tenant, nor the writer.
WITH neighbours AS (
  SELECT b.user_id, max(b.created_at) AS created_at FROM businesses b
  WHERE lower(btrim(b.location_city)) = lower(btrim(%(city)s::text)) AND b.user_id <> %(user_id)s
    AND lower(btrim(coalesce(b.location_state, ''))) = ANY(%(states)s::text[])
    AND btrim(regexp_replace(lower(replace(b.type, '&', ' and ')), '[^a-z0-9]+', ' ', 'g')) = ANY(%(types)s::text[])
  GROUP BY b.user_id ORDER BY created_at DESC, b.user_id LIMIT %(most_neighbours)s)
SELECT posted.content FROM neighbours n
CROSS JOIN LATERAL (
  SELECT content, scheduled_for FROM post_queue p
  WHERE p.user_id = n.user_id AND p.scheduled_for >= %(since)s AND p.status <> 'rejected'
  ORDER BY p.scheduled_for DESC LIMIT %(most_each)s) posted
ORDER BY posted.scheduled_for DESC LIMIT %(limit)s

-- name: theme_results
-- How an owner's posts of each theme did on each platform: by the latest snapshot of every post that is old enough to
-- judge and reached enough people for a rate to mean something.
SELECT platform, theme, count(*) AS posts, avg(engagement_rate)::float8 AS mean,
       coalesce(var_samp(engagement_rate), 0)::float8 AS variance
FROM post_results
WHERE user_id = %(user_id)s AND theme IS NOT NULL AND published_at BETWEEN %(since)s AND %(ripe)s
  AND engagement_rate IS NOT NULL AND reach >= %(least_reach)s
GROUP BY platform, theme

-- name: note_reviews_used
-- When the reviews that posts were written from may next be used counts from these times.
UPDATE business_facts f SET used_at = greatest(f.used_at, u.used_at)
FROM unnest(%(ids)s::uuid[], %(times)s::timestamptz[]) AS u (id, used_at)
WHERE f.id = u.id AND f.user_id = %(user_id)s

-- name: posts_that_follow_their_slot
-- Posts that wait where their slot put them, with the zone that their owner lives in now; of one owner or everybody.
SELECT p.id, p.account_id, p.slot, p.slot_at, f.timezone
FROM post_queue p LEFT JOIN user_preferences f ON f.user_id = p.user_id
WHERE p.status IN ('pending', 'approved') AND p.scheduled_for > %(after)s AND p.slot_at = p.scheduled_for
  AND (%(user_id)s::uuid IS NULL OR p.user_id = %(user_id)s::uuid)

-- name: move_posts_with_their_slot
-- New times for posts that are still where they were; one that somebody moved, took or is settling meanwhile stays.
-- Returns which ones moved.
WITH wanted AS (
  SELECT * FROM unnest(%(ids)s::uuid[], %(old)s::timestamptz[], %(new)s::timestamptz[], %(reasons)s::text[])
    AS w (id, old_at, new_at, reason)),
free AS (
  SELECT p.id, w.new_at, w.reason FROM post_queue p JOIN wanted w ON w.id = p.id
  WHERE p.status IN ('pending', 'approved') AND p.slot_at = w.old_at AND p.scheduled_for = w.old_at
    AND post_is_unsettled(p) IS NOT TRUE
  ORDER BY p.id FOR UPDATE OF p SKIP LOCKED),
moved AS (
  UPDATE post_queue p SET scheduled_for = f.new_at, slot_at = f.new_at FROM free f WHERE p.id = f.id
  RETURNING p.id, p.user_id, p.status, p.slot, f.new_at, f.reason)
INSERT INTO post_events (post_id, user_id, from_status, to_status, actor, reason, details)
SELECT id, user_id, status, status, %(actor)s, reason, jsonb_build_object('scheduled_for', new_at, 'slot', slot)
FROM moved
RETURNING post_id

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
    requires_approval, theme, slot, slot_at, generation_id, link_url, call_to_action, alt_text)
  SELECT w.id, a.user_id, a.id, a.platform, w.content, w.media_url, w.hashtags, w.scheduled_for,
         %(requires_approval)s::boolean, w.theme, w.slot, w.scheduled_for, %(generation_id)s::uuid, w.link_url, w.call_to_action,
         w.alt_text
  FROM written w
  JOIN connected_accounts a ON a.id = w.account_id AND a.platform = w.platform AND a.status = 'active'
  JOIN users u ON u.id = a.user_id AND u.is_served
  WHERE a.user_id = %(user_id)s::uuid
  ORDER BY w.account_id, w.slot -- one order, so that two runs cannot block each other
  ON CONFLICT (account_id, slot) DO NOTHING
  RETURNING id, user_id)
INSERT INTO post_events (post_id, user_id, to_status, actor, reason, details)
SELECT q.id, q.user_id, 'pending', 'generate-weekly-content', w.reason, w.details
FROM queued q JOIN written w USING (id)
RETURNING post_id
