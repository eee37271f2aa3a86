-- name: login_user
-- Who may be behind an e-mail, in any case; an exact match goes first. Read as postagent_access.
SELECT id, email, password_hash FROM users
WHERE lower(email) = lower(%(email)s) ORDER BY (email = %(email)s) DESC LIMIT 1

-- name: login_slot
-- One at a time for a subject, so that guesses sent at once are counted one after the other.
SELECT pg_advisory_xact_lock(hashtextextended(%(subject)s, 0))

-- name: login_failures
-- Failed tries of a subject since %(since)s, and the last one's time. A success of the same e-mail forgives what was
-- before it; one from the same address does not, else an attacker's own account would wipe the slate.
SELECT count(*) AS failures, max(attempted_at) AS last_failed_at FROM login_attempts
WHERE subject = %(subject)s AND NOT succeeded AND attempted_at > greatest(%(since)s::timestamptz, (
  SELECT max(attempted_at) FROM login_attempts WHERE subject = %(subject)s AND succeeded AND %(forgiving)s))

-- name: begin_login_attempt
-- Counted as failed before the password is looked at.
INSERT INTO login_attempts (subject, attempted_at, succeeded) VALUES (%(subject)s, %(now)s, false) RETURNING id

-- name: login_succeeded
-- These tries were right after all.
UPDATE login_attempts SET succeeded = true WHERE id = ANY(%(ids)s)

-- name: open_session
-- A login; the cookie's token is kept hashed.
INSERT INTO dashboard_sessions (token_hash, user_id, user_agent, address, created_at, last_seen_at, expires_at)
VALUES (%(token_hash)s, %(user_id)s, %(user_agent)s, %(address)s, %(now)s, %(now)s, %(expires_at)s) RETURNING id

-- name: find_session
-- The live session behind a cookie.
SELECT s.id, s.user_id, u.email, s.last_seen_at FROM dashboard_sessions s JOIN users u ON u.id = s.user_id
WHERE s.token_hash = %(token_hash)s AND s.revoked_at IS NULL AND s.expires_at > %(now)s

-- name: session_alive
-- Whether a session that a page was opened with still stands.
SELECT EXISTS (SELECT 1 FROM dashboard_sessions WHERE id = %(id)s AND user_id = %(user_id)s AND revoked_at IS NULL
  AND expires_at > %(now)s)

-- name: touch_session
-- Seen just now.
UPDATE dashboard_sessions SET last_seen_at = %(now)s WHERE id = %(id)s AND last_seen_at < %(before)s

-- name: revoke_session
-- Logged out: from now on the cookie opens nothing.
UPDATE dashboard_sessions SET revoked_at = %(now)s WHERE token_hash = %(token_hash)s AND revoked_at IS NULL

-- name: dashboard_owner
-- Who is looking. Row-level security leaves exactly one user.
SELECT u.id AS user_id, u.email, u.plan_tier, u.status, u.trial_ends_at,
       coalesce(p.timezone, 'America/New_York') AS zone, b.name AS business_name,
       coalesce(p.avoid_keywords, '{}') AS avoid_keywords, u.unverified_since IS NULL AS is_verified
FROM users u
LEFT JOIN user_preferences p ON p.user_id = u.id
LEFT JOIN LATERAL (SELECT name FROM businesses WHERE user_id = u.id ORDER BY created_at, id LIMIT 1) b ON true

-- name: dashboard_open_counts
-- How many posts stand where, of those whose story is not over; idx_post_queue_owner_open.
SELECT count(*) FILTER (WHERE status = 'pending' AND requires_approval AND in_doubt_since IS NULL) AS waiting,
       count(*) FILTER (WHERE (status = 'approved' OR (status = 'pending' AND NOT requires_approval))
                              AND in_doubt_since IS NULL) AS scheduled,
       count(*) FILTER (WHERE status = 'failed' OR in_doubt_since IS NOT NULL) AS problems
FROM post_queue WHERE status IN ('pending', 'approved', 'failed')

-- name: dashboard_posts
-- The posts of one page with their account, the last line of their story, their latest numbers, and whom to thank for the
-- picture. An owner's picture that they deleted is not there any more once its post is out.
SELECT p.id, p.platform, p.content, p.hashtags,
       CASE WHEN u.source = 'upload' AND u.media_id IS NULL AND p.status IN ('published', 'rejected') THEN NULL
            ELSE p.media_url END AS media_url, p.alt_text, p.link_url, p.call_to_action, p.theme,
       p.more_media_urls, p.more_alt_texts, p.topic_type, p.event_title, p.event_starts_at, p.event_ends_at,
       p.offer_coupon_code, p.offer_redeem_url, p.offer_terms,
       p.scheduled_for, p.status, p.requires_approval, p.content_hash, p.approved_by, p.approved_at, p.published_at,
       p.permalink, p.platform_state, p.error_message, p.retry_count, p.next_attempt_at, p.in_doubt_since,
       (p.lease_expires_at > %(now)s) IS TRUE AS leased,
       a.account_name, a.status AS account_status, a.disconnected_at IS NOT NULL AS account_disconnected,
       GREATEST(a.slowed_until, a.full_until) AS account_waits_until,
       u.source AS photo_source, u.author AS photo_author, u.author_url AS photo_author_url, u.page_url AS photo_page_url,
       u.show_url AS photo_show_url,
       e.reason AS last_reason, e.actor AS last_actor, e.at AS last_at,
       n.reach, n.likes, n.comments, n.shares, n.clicks
FROM post_queue p
JOIN connected_accounts a ON a.id = p.account_id
LEFT JOIN picture_uses u ON u.post_id = p.id AND u.url = p.media_url
LEFT JOIN LATERAL (SELECT reason, actor, at FROM post_events WHERE post_id = p.id ORDER BY seq DESC LIMIT 1) e ON true
LEFT JOIN LATERAL (SELECT reach, likes, comments, shares, clicks FROM analytics WHERE post_id = p.id
                   ORDER BY fetched_at DESC LIMIT 1) n ON p.status = 'published'
WHERE p.id = ANY(%(ids)s) ORDER BY array_position(%(ids)s::uuid[], p.id)

-- name: dashboard_standing
-- Where a few posts stand at this moment, for a page that watches them go out.
SELECT id, status, in_doubt_since, platform_state FROM post_queue WHERE id = ANY(%(ids)s)

-- name: dashboard_troubles
-- The latest posts that failed since %(since)s (not: were due since then) or whose fate is being found out.
SELECT p.id, p.platform, p.status, p.error_message, p.in_doubt_since, p.scheduled_for, left(p.content, 90) AS beginning,
       a.account_name
FROM post_queue p JOIN connected_accounts a ON a.id = p.account_id
WHERE p.status IN ('pending', 'approved', 'failed')
  AND (p.in_doubt_since IS NOT NULL OR (p.status = 'failed' AND p.updated_at > %(since)s))
ORDER BY p.scheduled_for DESC LIMIT %(limit)s

-- name: dashboard_next
-- What goes out next without another question.
SELECT p.id, p.platform, p.scheduled_for, p.media_url, left(p.content, 90) AS beginning, p.theme,
       a.account_name, a.status AS account_status
FROM post_queue p JOIN connected_accounts a ON a.id = p.account_id
WHERE p.status IN ('pending', 'approved') AND (p.status = 'approved' OR NOT p.requires_approval)
  AND p.in_doubt_since IS NULL
ORDER BY p.scheduled_for, p.id LIMIT %(limit)s

-- name: dashboard_accounts
-- Every connection and how it stands, with the posts that hang on it and what the owner has to be told of it. Where the
-- platform limits an account's posts in 24 hours: what it said within the last day, and what we have published since.
SELECT a.id, a.platform, a.account_name, a.account_id, a.status, a.status_reason, a.login_provider, a.token_expires_at,
       a.connected_at, a.last_refreshed_at, a.disconnected_at, coalesce(q.open_posts, 0) AS open_posts, q.next_at,
       a.slowed_until, a.slowed_reason, a.full_until, lost.created_at AS lost_at,
       ends.message AS ends_message, ends.takes_effect_at AS ends_at, day.total AS posts_total,
       LEAST(day.total, day.used + (SELECT count(*) FROM publish_attempts t
         WHERE t.quota_account_id = a.id AND t.started_at > %(now)s::timestamptz - interval '1 day'
           AND (t.finished_at IS NULL OR t.finished_at > day.read_at)
           AND (t.outcome IS NULL OR t.outcome IN ('published', 'in_doubt'))))::int AS posts_used
FROM connected_accounts a
LEFT JOIN owner_notices lost ON lost.account_id = a.id AND lost.kind = 'connection_lost' AND lost.resolved_at IS NULL
LEFT JOIN owner_notices ends ON ends.account_id = a.id AND ends.kind = 'access_ends' AND ends.resolved_at IS NULL
LEFT JOIN publishing_quotas day ON day.account_id = a.id AND day.read_at > %(now)s::timestamptz - interval '1 day'
LEFT JOIN (SELECT account_id, count(*) AS open_posts,
                  min(scheduled_for) FILTER (WHERE scheduled_for > %(now)s) AS next_at FROM post_queue
           WHERE status IN ('pending', 'approved') GROUP BY account_id) q
  ON q.account_id = a.id
ORDER BY a.disconnected_at IS NOT NULL, a.status = 'active', a.platform, a.account_name, a.id
