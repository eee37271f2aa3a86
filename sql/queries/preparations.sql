-- name: claim_discards
-- Takes ids that have to be deleted on a platform. Taking one already books the next try (doubling from a minute to a day),
-- so that a worker that dies on it loses nothing; who cannot be asked now (account not active, or to be left alone for a while)
-- waits. `owner` NULL = everybody's.
WITH due AS (
  SELECT d.id FROM publish_discards d JOIN connected_accounts a ON a.id = d.account_id AND a.status = 'active'
    AND (a.slowed_until IS NULL OR a.slowed_until <= clock_timestamp())
    AND CASE a.login_provider WHEN 'facebook' THEN 'facebook' ELSE a.platform END
      NOT IN (SELECT name FROM shared_quotas WHERE slowed_until > clock_timestamp())
  WHERE d.next_attempt_at <= clock_timestamp() AND d.user_id = coalesce(%(owner)s::uuid, d.user_id)
  ORDER BY d.next_attempt_at
  LIMIT %(batch)s
  FOR UPDATE OF d SKIP LOCKED),
taken AS (
  UPDATE publish_discards d SET attempts = d.attempts + 1,
    next_attempt_at = clock_timestamp() + make_interval(secs => LEAST(60 * 2 ^ LEAST(d.attempts, 11), 86400))
  FROM due WHERE due.id = d.id
  RETURNING d.id, d.account_id, d.post_id, d.handles, d.attempts)
SELECT t.id AS discard_id, t.post_id, t.handles, t.attempts, a.id, a.user_id, a.platform, a.account_id, a.login_provider,
       a.access_token_encrypted, a.refresh_token_encrypted, a.token_expires_at, a.status, a.status_reason, a.refresh_after
FROM taken t JOIN connected_accounts a ON a.id = t.account_id

-- name: forget_discard
-- It is gone from the platform, or was never there.
DELETE FROM publish_discards WHERE id = %(id)s

-- name: note_discard_failed
-- Why it could not be deleted yet; the next try is booked already.
UPDATE publish_discards SET error_message = %(message)s WHERE id = %(id)s

-- name: accounts_to_sweep
-- Accounts that had something prepared for them lately: there a lost answer may have left an orphan.
SELECT a.id, a.user_id, a.platform, a.account_id, a.login_provider, a.access_token_encrypted, a.refresh_token_encrypted,
       a.token_expires_at, a.status, a.status_reason, a.refresh_after
FROM connected_accounts a
WHERE a.status = 'active' AND a.platform = ANY(%(platforms)s)
  AND (a.slowed_until IS NULL OR a.slowed_until <= clock_timestamp())
  AND CASE a.login_provider WHEN 'facebook' THEN 'facebook' ELSE a.platform END
    NOT IN (SELECT name FROM shared_quotas WHERE slowed_until > clock_timestamp())
  AND EXISTS (SELECT 1 FROM post_queue p WHERE p.account_id = a.id
    AND p.scheduled_for BETWEEN now() - make_interval(secs => %(lately)s) AND now() + interval '1 day')
ORDER BY a.id

-- name: known_handles
-- Which of these ids we know: prepared for a post that is still to go out, about to be deleted, or a post by now.
SELECT h.handle FROM publish_handles h JOIN post_queue p ON p.id = h.post_id AND p.status IN ('pending', 'approved')
WHERE h.handle = ANY(%(ids)s)
UNION
SELECT platform_post_id FROM post_queue WHERE account_id = %(account_id)s AND platform_post_id = ANY(%(ids)s)
UNION
SELECT value FROM publish_discards d, jsonb_each_text(d.handles) WHERE d.account_id = %(account_id)s

-- name: discard_orphan
-- An id that our app made and no post of ours knows.
INSERT INTO publish_discards (user_id, account_id, platform, handles, reason)
SELECT user_id, id, platform, %(handles)s::jsonb, 'orphan' FROM connected_accounts WHERE id = %(account_id)s FOR KEY SHARE

-- name: prune_handles
-- What was prepared for posts that went out long ago tells nothing any more.
DELETE FROM publish_handles h USING post_queue p
WHERE p.id = h.post_id AND p.status = 'published' AND h.created_at < now() - make_interval(days => %(days)s)

-- name: prune_sessions
-- Sessions that ended or were revoked long ago.
DELETE FROM dashboard_sessions WHERE expires_at < now() - make_interval(days => %(days)s)

-- name: prune_login_attempts
-- Failed logins slow the next one down for minutes, not for days.
DELETE FROM login_attempts WHERE attempted_at < now() - make_interval(days => %(days)s)
