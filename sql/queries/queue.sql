-- name: dashboard_queue_counts
-- How many posts that fit the filters stand where: of those whose story is not over (idx_post_queue_owner_open), and of
-- those that the owner turned down (idx_post_queue_owner_rejected).
SELECT count(*) FILTER (WHERE post_stands(p, 'waiting')) AS waiting,
       count(*) FILTER (WHERE post_stands(p, 'scheduled')) AS scheduled,
       count(*) FILTER (WHERE post_stands(p, 'problems')) AS problems,
       (SELECT count(*) FROM post_queue r WHERE status = 'rejected'
        AND post_fits(r, %(platform)s::text, %(account)s::uuid, %(theme)s::text, %(pattern)s::text)) AS rejected
FROM post_queue p WHERE status IN ('pending', 'approved', 'failed')
  AND post_fits(p, %(platform)s::text, %(account)s::uuid, %(theme)s::text, %(pattern)s::text)

-- name: dashboard_queue_count
-- How many posts of one part of the queue fit the filters; no more than `most` are counted.
SELECT count(*) FROM (
  SELECT FROM post_queue p WHERE post_stands(p, %(part)s::text)
    AND post_fits(p, %(platform)s::text, %(account)s::uuid, %(theme)s::text, %(pattern)s::text) LIMIT %(most)s) counted

-- name: dashboard_queue_open
-- One page of posts whose story is not over: problems the latest first, all others the next one due first.
SELECT id FROM post_queue p
WHERE status IN ('pending', 'approved', 'failed') AND post_stands(p, %(part)s::text)
  AND post_fits(p, %(platform)s::text, %(account)s::uuid, %(theme)s::text, %(pattern)s::text)
ORDER BY CASE WHEN %(part)s::text = 'problems' THEN scheduled_for END DESC, scheduled_for, id
LIMIT %(limit)s OFFSET %(offset)s

-- name: dashboard_queue_rejected
-- One page of posts that the owner turned down, the latest first; idx_post_queue_owner_rejected.
SELECT id FROM post_queue p WHERE status = 'rejected'
  AND post_fits(p, %(platform)s::text, %(account)s::uuid, %(theme)s::text, %(pattern)s::text)
ORDER BY scheduled_for DESC, id LIMIT %(limit)s OFFSET %(offset)s

-- name: dashboard_queue_by_time
-- One page of posts of any part, the latest first; idx_post_queue_owner_time.
SELECT id FROM post_queue p WHERE post_stands(p, %(part)s::text)
  AND post_fits(p, %(platform)s::text, %(account)s::uuid, %(theme)s::text, %(pattern)s::text)
ORDER BY scheduled_for DESC, id LIMIT %(limit)s OFFSET %(offset)s

-- name: dashboard_queue_days
-- The posts of a calendar, each at the time it went out, or is to go out, from `first` until before `last`. A post goes
-- out within days of its time, so the index on that time finds them.
SELECT p.id, p.platform, p.status, p.requires_approval, p.in_doubt_since IS NOT NULL AS in_doubt,
       coalesce(p.published_at, p.scheduled_for) AS at, left(p.content, 90) AS beginning
FROM post_queue p
WHERE p.scheduled_for BETWEEN %(first)s::timestamptz - interval '7 days' AND %(last)s::timestamptz + interval '7 days'
  AND coalesce(p.published_at, p.scheduled_for) >= %(first)s::timestamptz
  AND coalesce(p.published_at, p.scheduled_for) < %(last)s::timestamptz AND post_stands(p, %(part)s::text)
  AND post_fits(p, %(platform)s::text, %(account)s::uuid, %(theme)s::text, %(pattern)s::text)
ORDER BY at, p.id LIMIT %(limit)s

-- name: dashboard_queue_accounts
-- The accounts to filter by.
SELECT id, platform, coalesce(account_name, account_id) AS name FROM connected_accounts
ORDER BY platform, name, id

-- name: dashboard_stated
-- What the owner stated, for the gates that look over their own words: the business, its facts and reviews.
SELECT b.id, b.user_id, b.name, b.type, b.location_city, b.location_state, b.description, b.website,
       f.id AS fact_id, f.kind, f.text, f.author, f.used_at
FROM (SELECT * FROM businesses ORDER BY created_at, id LIMIT 1) b
LEFT JOIN business_facts f ON f.business_id = b.id
ORDER BY f.created_at, f.id LIMIT %(limit)s

-- name: dashboard_own_texts
-- What the owner posted or is going to post since a time, newest first, without one post.
SELECT content FROM post_queue
WHERE scheduled_for >= %(since)s AND id <> ALL(%(ids)s::uuid[]) AND status <> 'rejected'
ORDER BY scheduled_for DESC, id LIMIT %(limit)s

-- name: dashboard_own_pictures
-- One page of the owner's pictures that can be posted, the one that rested longest first, with whether each rests still.
SELECT m.id, m.filename, m.url, m.alt_text, m.storage_key, m.instagram_key, o.place, m.last_used_at,
       picture_rests(m.user_id, 'media:' || m.id, m.fingerprint) AS rests
FROM (SELECT * FROM media_library WHERE refusal IS NULL AND storage_key IS NOT NULL
      ORDER BY last_used_at NULLS FIRST, uploaded_at DESC, id LIMIT %(limit)s OFFSET %(offset)s) m
JOIN stored_objects o ON o.key = m.storage_key
ORDER BY m.last_used_at NULLS FIRST, m.uploaded_at DESC, m.id

-- name: dashboard_stock_pictures
-- Stock photos of a trade that are ready and do not rest.
SELECT * FROM stock_pictures(%(kind)s, %(limit)s)

-- name: choose_picture
-- Give a post this picture of the owner's, or this stock photo, or none; false when it rests or is gone.
SELECT choose_picture(%(post_id)s, %(own)s::uuid, %(stock)s::uuid, %(address)s::text)
