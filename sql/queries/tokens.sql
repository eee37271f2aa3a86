-- name: stored_account
-- One account with its envelopes, as the code that opens and renews its token needs it.
SELECT id, user_id, platform, account_id, login_provider, access_token_encrypted, refresh_token_encrypted,
       token_expires_at, status, status_reason, refresh_after, account_name
FROM connected_accounts WHERE id = %(id)s

-- name: accounts_to_refresh
-- Active accounts whose token is to be renewed ahead of its end, the most urgent first. The numbers of each kind of
-- token come from models/token_schedule.py, whose refresh_due says the same for one account.
SELECT a.id, a.user_id, a.platform, a.account_id, a.login_provider, a.access_token_encrypted,
       a.refresh_token_encrypted, a.token_expires_at, a.status, a.status_reason, a.refresh_after, a.account_name
FROM connected_accounts a
JOIN users u ON u.id = a.user_id AND u.status <> 'canceled'
JOIN unnest(%(kinds)s::text[], %(ahead)s::interval[], %(oldest)s::interval[], %(youngest)s::interval[],
            %(by_refresh_token)s::boolean[]) AS rule (kind, ahead, oldest, youngest, by_refresh_token)
  ON rule.kind = CASE WHEN a.login_provider = 'facebook' THEN 'facebook' ELSE a.platform END
CROSS JOIN LATERAL (SELECT coalesce(a.last_refreshed_at, a.connected_at) AS refreshed_at,
                           a.token_expires_at <= %(now)s IS TRUE AS is_over) token
WHERE a.status = 'active'
  AND (a.refresh_after IS NULL OR a.refresh_after <= %(now)s)
  AND (a.refreshing_until IS NULL OR a.refreshing_until <= clock_timestamp())
  AND CASE WHEN rule.by_refresh_token AND a.refresh_token_encrypted IS NULL THEN token.is_over
           ELSE (token.is_over OR %(now)s - token.refreshed_at >= rule.youngest)
            AND (a.token_expires_at IS NULL OR a.token_expires_at < %(now)s + rule.ahead
                 OR %(now)s - token.refreshed_at >= rule.oldest) IS TRUE
      END
ORDER BY a.token_expires_at NULLS LAST, a.id
LIMIT %(limit)s

-- name: lease_token_refresh
-- Take the right to renew this account's token, if it is still the token that the caller saw and nobody is at it.
-- The row lock makes callers queue here; each reads the row again once it has it.
UPDATE connected_accounts SET refreshing_until = clock_timestamp() + %(lease)s::interval
WHERE id = %(id)s AND status = 'active' AND access_token_encrypted = %(access_token_encrypted)s
  AND (refreshing_until IS NULL OR refreshing_until <= clock_timestamp())
RETURNING refreshing_until

-- name: release_token_refresh
-- Give the right back; only one's own, whatever became of the row.
UPDATE connected_accounts SET refreshing_until = NULL
WHERE id = %(id)s AND refreshing_until = %(refreshing_until)s
RETURNING id

-- name: save_refreshed_token
-- Compare-and-set: only over the very token that was renewed, so that an owner's new connection is never overwritten.
-- A platform that sent no refresh token leaves the old one.
UPDATE connected_accounts SET
  access_token_encrypted = %(new_access)s,
  refresh_token_encrypted = coalesce(%(new_refresh)s, refresh_token_encrypted),
  token_expires_at = %(token_expires_at)s::timestamptz,
  last_refreshed_at = coalesce(%(last_refreshed_at)s::timestamptz, last_refreshed_at),
  refresh_after = %(refresh_after)s::timestamptz,
  refreshing_until = NULL
WHERE id = %(id)s AND access_token_encrypted = %(access_token_encrypted)s
  AND refresh_token_encrypted IS NOT DISTINCT FROM %(refresh_token_encrypted)s
RETURNING id

-- name: put_off_token_refresh
-- A refresh did not work for now: the account stays as it is and is tried again after a while (NULL = any time).
UPDATE connected_accounts SET refresh_after = coalesce(%(refresh_after)s::timestamptz, refresh_after), refreshing_until = NULL
WHERE id = %(id)s AND access_token_encrypted = %(access_token_encrypted)s
RETURNING id

-- name: hold_lost_account
-- Only the owner can help: the account and its posts wait, and the owner is told, in one statement, so that neither is
-- without the other, and once. Not when it was connected anew in the meantime.
WITH held AS (
  UPDATE connected_accounts SET status = %(status)s, status_reason = %(reason)s, refresh_after = NULL, refreshing_until = NULL
  WHERE id = %(id)s AND status = 'active' AND access_token_encrypted = %(access_token_encrypted)s
  RETURNING id, user_id, platform),
told AS (
  INSERT INTO owner_notices (user_id, account_id, platform, kind, message)
  SELECT user_id, id, platform, 'connection_lost', %(reason)s FROM held
  ON CONFLICT (account_id, kind) WHERE resolved_at IS NULL DO NOTHING),
-- What was about to end has ended.
past AS (
  UPDATE owner_notices n SET resolved_at = clock_timestamp() FROM held
  WHERE n.account_id = held.id AND n.kind = 'access_ends' AND n.resolved_at IS NULL)
SELECT id FROM held

-- name: google_grant_story
-- What helps to tell why Google ended a grant: its age, its last use, and how often the same Google account was
-- connected since (by anybody: Google counts for our whole application).
SELECT a.connected_at, coalesce(a.last_refreshed_at, a.connected_at) AS used_at,
       (SELECT count(DISTINCT b.connected_at) FROM connected_accounts b
        WHERE b.platform = 'google' AND b.connected_at > a.connected_at
          AND split_part(b.account_id, '/', 2) = split_part(a.account_id, '/', 2))::int AS newer
FROM connected_accounts a WHERE a.id = %(id)s AND a.platform = 'google'

-- name: accounts_to_check
-- Accounts whose access is looked at now, those with the next post first: posts come up within `ahead` and no success of
-- any kind proves the access within `proof`, or the token dies untold (`untold`) and was not looked at for `again`. The
-- rule is check_due in models/token_schedule.py, which says the same for one account. Who asked for a pause is left alone.
WITH soon AS MATERIALIZED (
  SELECT account_id, min(due_at) AS next_at, max(prepared_at) AS prepared_at FROM post_queue
  WHERE (status = 'approved' OR (status = 'pending' AND NOT requires_approval))
    AND due_at > %(now)s::timestamptz AND due_at <= %(now)s::timestamptz + %(ahead)s::interval
  GROUP BY account_id)
SELECT a.id, a.user_id, a.platform, a.account_id, a.login_provider, a.access_token_encrypted,
       a.refresh_token_encrypted, a.token_expires_at, a.status, a.status_reason, a.refresh_after, a.account_name
FROM connected_accounts a
JOIN users u ON u.id = a.user_id AND u.is_served
JOIN unnest(%(kinds)s::text[], %(untold)s::boolean[]) AS rule (kind, untold)
  ON rule.kind = CASE WHEN a.login_provider = 'facebook' THEN 'facebook' ELSE a.platform END
LEFT JOIN soon ON soon.account_id = a.id
LEFT JOIN LATERAL (
  SELECT GREATEST(a.checked_at, a.last_refreshed_at, soon.prepared_at,
    (SELECT max(published_at) FROM post_queue WHERE account_id = a.id AND status = 'published'),
    (SELECT read_at FROM publishing_quotas WHERE account_id = a.id),
    (SELECT max(fetched_at) FROM location_metrics WHERE user_id = a.user_id AND account_id = a.id AND platform = a.platform),
    (SELECT max(n.fetched_at) FROM post_queue w JOIN analytics n ON n.post_id = w.id
     WHERE w.account_id = a.id AND w.status = 'published' AND w.published_at > %(now)s::timestamptz - interval '30 days')
  ) AS at) proof ON soon.account_id IS NOT NULL
WHERE a.status = 'active'
  AND (a.slowed_until IS NULL OR a.slowed_until <= clock_timestamp())
  AND rule.kind NOT IN (SELECT name FROM shared_quotas WHERE slowed_until > clock_timestamp())
  AND ((soon.account_id IS NOT NULL AND (proof.at > %(now)s::timestamptz - %(proof)s::interval) IS NOT TRUE)
    OR (rule.untold AND (a.checked_at > %(now)s::timestamptz - %(again)s::interval) IS NOT TRUE))
ORDER BY soon.next_at NULLS LAST, a.checked_at NULLS FIRST, a.id
LIMIT %(limit)s

-- name: record_account_check
-- The access works. When (a part of) it ends soon the owner is told (`message`), once; when not any more (NULL), that is
-- over. Only for the token that was looked at.
WITH checked AS (
  UPDATE connected_accounts SET checked_at = %(checked_at)s, access_ends_at = %(access_ends_at)s::timestamptz
  WHERE id = %(id)s AND status = 'active' AND access_token_encrypted = %(access_token_encrypted)s
  RETURNING id, user_id, platform),
told AS (
  INSERT INTO owner_notices (user_id, account_id, platform, kind, message, takes_effect_at)
  SELECT user_id, id, platform, 'access_ends', %(message)s, %(access_ends_at)s::timestamptz FROM checked
  WHERE %(message)s::text IS NOT NULL
  ON CONFLICT (account_id, kind) WHERE resolved_at IS NULL DO UPDATE SET takes_effect_at = excluded.takes_effect_at),
past AS (
  UPDATE owner_notices n SET resolved_at = clock_timestamp() FROM checked
  WHERE n.account_id = checked.id AND n.kind = 'access_ends' AND n.resolved_at IS NULL AND %(message)s::text IS NULL)
SELECT id FROM checked
