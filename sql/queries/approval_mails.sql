-- name: approval_mail_wanted
-- The address of an owner who is to be told of posts that wait for them, and whether this week is the first that was ever
-- written for them; no row when they are not served or do not want to be told.
SELECT u.email AS address,
       NOT EXISTS (SELECT 1 FROM content_generations g
                   WHERE g.user_id = u.id AND g.week_start <> %(week_start)s AND g.posts_made > 0) AS is_first
FROM users u LEFT JOIN user_preferences p ON p.user_id = u.id
WHERE u.id = %(user_id)s AND u.is_served AND coalesce(p.push_approval_needed, true)

-- name: want_approval_mail
-- The mail about a week whose posts wait for their owner. While none of it has left it stays one, and leaves when the
-- first of its posts wants it to.
INSERT INTO mails (id, user_id, kind, address, week_start, due_at, next_attempt_at, created_at)
VALUES (%(id)s, %(user_id)s, 'approval_needed', %(address)s, %(week_start)s, %(due_at)s, %(due_at)s, %(now)s)
ON CONFLICT (user_id, kind, address, week_start) WHERE status = 'pending' DO UPDATE SET
  due_at = least(mails.due_at, EXCLUDED.due_at), next_attempt_at = least(mails.next_attempt_at, EXCLUDED.next_attempt_at)
WHERE mails.attempts = 0

-- name: approval_mail_reader
-- Whose mail it is: their zone, and whether they still want to be told. Read as postagent_dashboard.
SELECT coalesce(p.timezone, 'America/New_York') AS zone, u.is_served AND coalesce(p.push_approval_needed, true) AS wants
FROM users u LEFT JOIN user_preferences p ON p.user_id = u.id

-- name: approval_mail_posts
-- The posts of a week that can be decided about now, those that leave first before the others, and how many there are in
-- all. Read as postagent_dashboard.
SELECT p.id, p.platform, p.content, p.hashtags, p.media_url, p.scheduled_for, p.content_hash,
       a.account_name, (count(*) OVER ())::int AS waiting
FROM post_queue p
JOIN content_generations g ON g.id = p.generation_id
JOIN connected_accounts a ON a.id = p.account_id
WHERE post_stands(p, 'waiting') AND p.scheduled_for > %(now)s AND g.week_start = %(week_start)s AND a.status = 'active'
ORDER BY p.scheduled_for, p.id LIMIT %(most)s

-- name: make_decide_link
-- A link about one post as it is shown in a mail that leaves now.
INSERT INTO mail_links (token_hash, user_id, mail_id, purpose, address, made_at, expires_at, post_id, content_hash)
VALUES (%(token_hash)s, %(user_id)s, %(mail_id)s, 'decide_post', %(address)s, %(now)s, %(expires_at)s, %(post_id)s,
        %(content_hash)s)

-- name: open_decide_link
-- What a link decides about, while it is in time and its address is still the owner's. Read as postagent_access.
SELECT l.user_id, l.post_id, l.content_hash, l.used_at FROM mail_links l JOIN users u ON u.id = l.user_id
WHERE l.token_hash = %(token_hash)s AND l.purpose = 'decide_post' AND l.expires_at > %(now)s
  AND lower(l.address) = lower(u.email)

-- name: use_decide_link
-- Whether a link was still unused; it is not any more. Its row stays locked until the decision is made.
SELECT use_decide_link(%(token_hash)s, %(now)s)
