-- name: lock_accounts_of
-- One at a time for an owner, so that two tabs together do not connect more than the plan holds.
SELECT pg_advisory_xact_lock(hashtextextended('accounts of ' || %(user_id)s::text, 0))

-- name: account_at_place
-- The owner's row for a place: the very account before another way to the same place, a connected one before one that was
-- disconnected.
SELECT id, login_provider, disconnected_at IS NULL AS is_connected FROM connected_accounts
WHERE user_id = %(user_id)s AND platform = %(platform)s AND place = regexp_replace(%(account_id)s, '^accounts/[^/]+/', '')
ORDER BY disconnected_at IS NULL DESC, account_id = %(account_id)s DESC, connected_at, id LIMIT 1

-- name: connected_places
-- What an owner has connected, by place; broken ones count, disconnected ones do not.
SELECT platform, place, status FROM connected_accounts
WHERE user_id = %(user_id)s AND disconnected_at IS NULL

-- name: connect_account
-- A new account. The unique index on the place refuses one that another owner has connected.
INSERT INTO connected_accounts (id, user_id, platform, account_id, account_name, access_token_encrypted,
  refresh_token_encrypted, token_expires_at, login_provider, granted_by, connected_at)
VALUES (%(id)s, %(user_id)s, %(platform)s, %(account_id)s, %(account_name)s, %(access)s, %(refresh)s,
  %(token_expires_at)s, %(login_provider)s, %(granted_by)s, %(now)s)

-- name: reconnect_account
-- The same account with a new token: its id, history and queue stay, held posts go on. The refresh token is another
-- statement's, as an empty one must not overwrite the one that is there.
UPDATE connected_accounts SET
  account_id = %(account_id)s, account_name = coalesce(%(account_name)s, account_name),
  access_token_encrypted = %(access)s, token_expires_at = %(token_expires_at)s::timestamptz,
  login_provider = %(login_provider)s, granted_by = %(granted_by)s, last_refreshed_at = %(now)s,
  status = 'active', status_reason = NULL, refresh_after = NULL, refreshing_until = NULL,
  is_duplicate = false, disconnected_at = NULL
WHERE id = %(id)s AND user_id = %(user_id)s

-- name: replace_refresh_token
-- The refresh token of an account that was connected anew; NULL only where another login made the old one.
UPDATE connected_accounts SET refresh_token_encrypted = %(refresh)s WHERE id = %(id)s AND user_id = %(user_id)s

-- name: wake_publishers
-- An account works again: windows that sleep look at what is due now.
SELECT pg_notify('postagent_due', '')

-- name: account_of
-- An account that its owner wants to mend or to disconnect. Row-level security leaves only their own.
SELECT id, platform, account_id, account_name, login_provider, status, disconnected_at IS NULL AS is_connected,
       (SELECT count(*) FROM post_queue p WHERE p.account_id = a.id AND p.status IN ('pending', 'approved')) AS open_posts
FROM connected_accounts a WHERE id = %(id)s

-- name: disconnect_account
-- Takes the tokens out of the row and gives them back, so that the access can be ended at the platform.
SELECT * FROM disconnect_account(%(id)s, %(reason)s)

-- name: shared_places
-- Places that more than one owner had connected before that was refused, for the operator.
SELECT a.platform, a.place, count(*)::int AS owners FROM connected_accounts a
WHERE a.disconnected_at IS NULL AND EXISTS (SELECT 1 FROM connected_accounts d
  WHERE d.is_duplicate AND d.disconnected_at IS NULL AND d.platform = a.platform AND d.place = a.place)
GROUP BY a.platform, a.place ORDER BY 1, 2

-- name: begin_connect_attempt
-- Somebody is on their way to a platform. Read and written as postagent_access, like the session it is bound to.
INSERT INTO connect_attempts (id, user_id, session_id, service, reconnects, state_hash, verifier_encrypted, started_at, expires_at)
VALUES (%(id)s, %(user_id)s, %(session_id)s, %(service)s, %(reconnects)s, %(state_hash)s, %(verifier)s, %(now)s, %(expires_at)s)

-- name: return_from_platform
-- Uses a state up: once, in time, and only in the session that began.
UPDATE connect_attempts SET returned_at = %(now)s
WHERE state_hash = %(state_hash)s AND service = %(service)s AND session_id = %(session_id)s AND user_id = %(user_id)s
  AND returned_at IS NULL AND expires_at > %(now)s
RETURNING id, reconnects, verifier_encrypted

-- name: why_not_returned
-- What is wrong with a state that did not work.
SELECT session_id = %(session_id)s AS is_ours, returned_at IS NOT NULL AS is_used, expires_at <= %(now)s AS is_over
FROM connect_attempts WHERE state_hash = %(state_hash)s AND service = %(service)s

-- name: keep_findings
-- What the platform gave, sealed, until the owner has chosen.
UPDATE connect_attempts SET findings_encrypted = %(findings)s, granted_by = %(granted_by)s, expires_at = %(expires_at)s
WHERE id = %(id)s

-- name: findings_of_attempt
-- What there is to choose from, for the session that began and as long as the choice is open.
SELECT service, findings_encrypted FROM connect_attempts
WHERE id = %(id)s AND session_id = %(session_id)s AND user_id = %(user_id)s
  AND findings_encrypted IS NOT NULL AND expires_at > %(now)s

-- name: end_connect_attempt
-- The choice is made, or there was nothing to choose.
DELETE FROM connect_attempts WHERE id = %(id)s

-- name: prune_connect_attempts
-- Ways to a platform from which nobody came back, and choices that nobody made.
DELETE FROM connect_attempts WHERE expires_at < now()

-- name: hold_accounts_granted_by
-- A person removed our app at Meta: their accounts wait for a new connection. `reasons` by platform.
SELECT hold_accounts_granted_by(%(app)s, %(person)s, %(reasons)s::jsonb)

-- name: forget_accounts_granted_by
-- A person wants their data deleted. `reasons` by platform.
SELECT forget_accounts_granted_by(%(app)s, %(person)s, %(reasons)s::jsonb)

-- name: note_data_deletion
-- For the page under which the person can see what became of it.
INSERT INTO data_deletions (code_hash, app, accounts) VALUES (%(code_hash)s, %(app)s, %(accounts)s)

-- name: data_deletion
-- What became of a request to delete.
SELECT app, accounts, deleted_at FROM data_deletions WHERE code_hash = %(code_hash)s
