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
-- Only the owner can help: the account and its posts wait. Not when it was connected anew in the meantime.
UPDATE connected_accounts SET status = %(status)s, status_reason = %(reason)s, refresh_after = NULL, refreshing_until = NULL
WHERE id = %(id)s AND status = 'active' AND access_token_encrypted = %(access_token_encrypted)s
RETURNING id
