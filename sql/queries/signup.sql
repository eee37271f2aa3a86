-- name: owner_of_address
-- Whether an address belongs to an owner already, in any case, and how they stand.
SELECT id, email, unverified_since IS NOT NULL AS is_unverified FROM users
WHERE lower(email) = lower(%(email)s) ORDER BY (email = %(email)s) DESC LIMIT 1

-- name: add_user
-- A new owner; no row when the address was taken at the same moment. `unverified_since` NULL = somebody vouches for it.
INSERT INTO users (id, email, password_hash, plan_tier, status, trial_ends_at, unverified_since)
VALUES (%(id)s, %(email)s, %(password_hash)s, %(plan_tier)s, %(status)s, %(trial_ends_at)s, %(unverified_since)s)
ON CONFLICT (email) DO NOTHING RETURNING id

-- name: add_business
-- The business that a new owner's posts are written for.
INSERT INTO businesses (user_id, name, type, location_city, location_state, description, website, brand_voice)
VALUES (%(user_id)s, %(name)s, %(type)s, %(city)s, %(state)s, %(description)s, %(website)s, %(voice)s)

-- name: add_preferences
-- How often and in which zone; the rest is what the table has by default.
INSERT INTO user_preferences (user_id, timezone, posting_frequency) VALUES (%(user_id)s, %(zone)s, %(frequency)s)

-- name: want_mail
-- A mail that has to leave; asked for again before it left it stays one.
INSERT INTO mails (id, user_id, kind, address, due_at, next_attempt_at, created_at)
VALUES (%(id)s, %(user_id)s, %(kind)s, %(address)s, %(now)s, %(now)s, %(now)s)
ON CONFLICT (user_id, kind, address, week_start) WHERE status = 'pending' DO NOTHING

-- name: want_reset_mail
-- The mail of a forgotten password, for whoever has this address; no row where nobody has it.
INSERT INTO mails (id, user_id, kind, address, due_at, next_attempt_at, created_at)
SELECT %(id)s, u.id, 'reset_password', u.email, %(now)s, %(now)s, %(now)s FROM users u
WHERE lower(u.email) = lower(%(email)s) ORDER BY (u.email = %(email)s) DESC LIMIT 1
ON CONFLICT (user_id, kind, address, week_start) WHERE status = 'pending' DO NOTHING

-- name: take_mail
-- Take the mail that is due longest, or the one that is named, for as long as a lease: who dies while sending lets it free
-- then.
UPDATE mails SET attempts = attempts + 1, next_attempt_at = %(now)s::timestamptz + %(lease)s::interval
WHERE id = (
  SELECT id FROM mails WHERE status = 'pending' AND next_attempt_at <= %(now)s
    AND (%(id)s::uuid IS NULL OR id = %(id)s::uuid)
  ORDER BY next_attempt_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, user_id, kind, address, attempts, due_at, week_start

-- name: make_mail_link
-- A link of a mail that leaves now.
INSERT INTO mail_links (token_hash, user_id, mail_id, purpose, address, made_at, expires_at)
VALUES (%(token_hash)s, %(user_id)s, %(mail_id)s, %(purpose)s, %(address)s, %(now)s, %(expires_at)s)

-- name: finish_mail
-- A mail was sent, or never will be (refused, or nothing was left to say). Who comes back after their lease changes nothing that another one has written.
UPDATE mails SET status = %(status)s, error = %(error)s, finished_at = %(now)s
WHERE id = %(id)s AND status = 'pending' AND attempts = %(attempts)s

-- name: put_off_mail
-- A mail that could not be sent now waits.
UPDATE mails SET next_attempt_at = %(next_attempt_at)s, error = %(error)s
WHERE id = %(id)s AND status = 'pending' AND attempts = %(attempts)s

-- name: open_mail_link
-- What a link opens, while it does: not used, in time, and its address is still the owner's.
SELECT l.user_id, u.email FROM mail_links l JOIN users u ON u.id = l.user_id
WHERE l.token_hash = %(token_hash)s AND l.purpose = %(purpose)s AND l.used_at IS NULL AND l.expires_at > %(now)s
  AND lower(l.address) = lower(u.email)

-- name: use_mail_link
-- Uses a link up, and with it the owner's others for the same purpose; no row when it opens nothing any more. The one
-- that came first has the row locked, so that a link clicked twice at once works once.
WITH opened AS (
  SELECT l.user_id, u.email FROM mail_links l JOIN users u ON u.id = l.user_id
  WHERE l.token_hash = %(token_hash)s AND l.purpose = %(purpose)s AND l.used_at IS NULL AND l.expires_at > %(now)s
    AND lower(l.address) = lower(u.email)
  FOR UPDATE OF l),
used AS (
  UPDATE mail_links SET used_at = %(now)s
  WHERE user_id IN (SELECT user_id FROM opened) AND purpose = %(purpose)s AND used_at IS NULL)
SELECT user_id, email FROM opened

-- name: prove_address
-- The owner reads mails at their address: from now on they are served.
UPDATE users SET unverified_since = NULL WHERE id = %(user_id)s AND unverified_since IS NOT NULL

-- name: set_password
-- A new password.
UPDATE users SET password_hash = %(password_hash)s WHERE id = %(user_id)s

-- name: end_all_sessions
-- Everybody who is logged in as this owner is logged out.
UPDATE dashboard_sessions SET revoked_at = %(now)s WHERE user_id = %(user_id)s AND revoked_at IS NULL

-- name: mail_health
-- Mails that are overdue by more than %(late)s, and those given up in the last day.
SELECT count(*) FILTER (WHERE status = 'pending' AND due_at < clock_timestamp() - %(late)s::interval)::int AS late,
       count(*) FILTER (WHERE status = 'failed' AND finished_at > clock_timestamp() - interval '1 day')::int AS failed
FROM mails WHERE status = 'pending' OR finished_at > clock_timestamp() - interval '1 day'

-- name: prune_mails
-- Mails that are finished since %(days)s days, and their links.
DELETE FROM mails WHERE finished_at < now() - make_interval(days => %(days)s)

-- name: dashboard_has_posts
-- Whether an owner ever had a post.
SELECT EXISTS (SELECT 1 FROM post_queue) AS has_posts

-- name: can_be_written_for
-- Whether there is anything to write for an owner: they are served, and an account works.
SELECT true FROM users u
WHERE u.is_served AND EXISTS (SELECT 1 FROM connected_accounts a WHERE a.user_id = u.id AND a.status = 'active')
