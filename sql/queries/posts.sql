-- name: lock_post
-- The post as it stands, locked until the end of the transaction, with whether a worker holds it right now, and whether
-- its fate is open. A dead worker's attempt counts: what it sent may be live, so it is looked for before anything changes.
SELECT id, user_id, platform, status, content_hash, approved_hash, requires_approval, scheduled_for,
       (lease_expires_at > clock_timestamp()) IS TRUE AS leased,
       in_doubt_since IS NOT NULL OR platform_state = 'PROCESSING' OR EXISTS (
         SELECT 1 FROM publish_attempts t WHERE t.post_id = post_queue.id AND (t.finished_at IS NULL OR t.outcome = 'in_doubt')
       ) AS unsettled
FROM post_queue WHERE id = %(post_id)s FOR UPDATE

-- name: change_post_status
-- One change of state and its line in the story, in one statement.
WITH changed AS (
  UPDATE post_queue SET
    status = %(to)s,
    approved_at = CASE WHEN %(to)s = 'approved' THEN %(now)s::timestamptz ELSE approved_at END,
    approved_by = CASE WHEN %(to)s = 'approved' THEN %(actor)s ELSE approved_by END,
    scheduled_for = coalesce(%(scheduled_for)s::timestamptz, scheduled_for),
    retry_count = CASE WHEN %(from)s = 'failed' THEN 0 ELSE retry_count END,
    next_attempt_at = CASE WHEN %(from)s = 'failed' THEN NULL ELSE next_attempt_at END,
    error_message = CASE WHEN %(from)s = 'failed' THEN NULL ELSE error_message END
  WHERE id = %(post_id)s AND status = %(from)s
  RETURNING id, user_id)
INSERT INTO post_events (post_id, user_id, from_status, to_status, actor, reason)
SELECT id, user_id, %(from)s, %(to)s, %(actor)s, %(reason)s FROM changed

-- name: edit_post
-- New content or time; the database takes an approval away when the exact content changed. Returns the new hash.
WITH changed AS (
  UPDATE post_queue SET
    content = coalesce(%(content)s::text, content),
    hashtags = CASE WHEN %(set_hashtags)s THEN %(hashtags)s::text[] ELSE hashtags END,
    media_url = CASE WHEN %(set_media)s THEN %(media_url)s::text ELSE media_url END,
    alt_text = CASE WHEN %(set_media)s THEN %(alt_text)s::text ELSE alt_text END,
    more_media_urls = CASE WHEN %(set_more)s THEN %(more_media_urls)s::text[] ELSE more_media_urls END,
    more_alt_texts = CASE WHEN %(set_more)s THEN NULL ELSE more_alt_texts END,
    scheduled_for = coalesce(%(scheduled_for)s::timestamptz, scheduled_for)
  WHERE id = %(post_id)s
  RETURNING id, user_id, status, content_hash)
INSERT INTO post_events (post_id, user_id, from_status, to_status, actor, reason, details)
SELECT id, user_id, %(from)s, status, %(actor)s,
       CASE WHEN status <> %(from)s THEN %(reason)s || ': the approval is void' ELSE %(reason)s END, %(details)s::jsonb
FROM changed
RETURNING (SELECT content_hash FROM changed)

-- name: post_story
-- Every line of a post's story, oldest first, with whether its hash still fits.
SELECT seq, at, from_status, to_status, actor, reason, details,
       hash = post_event_hash(e) AND previous_hash = coalesce(lag(hash) OVER (ORDER BY seq), '')
         AND seq = coalesce(lag(seq) OVER (ORDER BY seq), 0) + 1 AS intact
FROM post_events e WHERE post_id = %(post_id)s ORDER BY seq

-- name: tell_post
-- One post for the operator, with whose it is; never a token.
SELECT p.id, u.email, a.account_name, a.account_id AS platform_account_id, p.platform, p.status, p.scheduled_for, p.published_at,
       p.platform_post_id, p.permalink, p.platform_state, p.error_message, p.in_doubt_since, p.next_attempt_at,
       p.lease_owner, p.lease_expires_at, p.retry_count, p.requires_approval, p.approved_by, p.approved_at, p.content,
       p.hashtags, p.link_url, p.call_to_action, p.media_url, p.alt_text, p.more_media_urls, p.more_alt_texts, p.topic_type,
       p.event_title, p.event_starts_at, p.event_ends_at, p.offer_coupon_code, p.offer_redeem_url, p.offer_terms,
       p.content_hash, p.approved_hash, coalesce(w.timezone, 'America/New_York') AS owner_zone
FROM post_queue p JOIN users u ON u.id = p.user_id JOIN connected_accounts a ON a.id = p.account_id
LEFT JOIN user_preferences w ON w.user_id = p.user_id
WHERE p.id = %(post_id)s

-- name: tell_attempts
-- Every attempt to make a post visible, oldest first.
SELECT attempt_number, started_at, finished_at, outcome, fingerprint, worker, platform_post_id, http_status, error_code,
       error_message
FROM publish_attempts WHERE post_id = %(post_id)s ORDER BY attempt_number

-- name: broken_stories
-- Posts whose story was tampered with: a row that does not fit its hash, a row missing in between, or an end that does
-- not say what the post says.
WITH lines AS (
  SELECT e.post_id, e.seq, e.to_status,
         e.hash = post_event_hash(e) AND e.previous_hash = coalesce(lag(e.hash) OVER story, '')
           AND e.seq = coalesce(lag(e.seq) OVER story, 0) + 1 AS intact,
         lead(e.seq) OVER story IS NULL AS newest
  FROM post_events e WINDOW story AS (PARTITION BY e.post_id ORDER BY e.seq))
SELECT p.id AS post_id, min(l.seq) FILTER (WHERE NOT l.intact) AS first_broken,
       count(l.seq) = 0 OR bool_or(l.newest AND l.to_status <> p.status) AS end_differs
FROM post_queue p LEFT JOIN lines l ON l.post_id = p.id
GROUP BY p.id
HAVING count(l.seq) = 0 OR bool_or(NOT l.intact) OR bool_or(l.newest AND l.to_status <> p.status)
ORDER BY p.id

-- name: count_posts
-- How many posts have a story to check.
SELECT count(*) FROM post_queue
