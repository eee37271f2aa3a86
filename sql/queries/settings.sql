-- name: sessions_of
-- Where an owner is logged in, the latest first. Read as postagent_access.
SELECT id, user_agent, address, created_at, last_seen_at FROM dashboard_sessions
WHERE user_id = %(user_id)s AND revoked_at IS NULL AND expires_at > %(now)s
ORDER BY last_seen_at DESC, id

-- name: end_session
-- One of an owner's sessions ends, also for pages of it that stand open.
UPDATE dashboard_sessions SET revoked_at = %(now)s WHERE id = %(id)s AND user_id = %(user_id)s AND revoked_at IS NULL

-- name: end_other_sessions
-- All of an owner's sessions end but this one.
UPDATE dashboard_sessions SET revoked_at = %(now)s
WHERE user_id = %(user_id)s AND id <> %(staying)s AND revoked_at IS NULL

-- name: change_password
-- Sets a new password over the one that was checked, and ends all other sessions; false = it was changed meanwhile.
SELECT change_password(%(user_id)s, %(checked_hash)s, %(new_hash)s, %(staying)s)

-- name: exported_columns
-- What an owner may read of their own, table by table: as the dashboard's role, whose privileges decide.
SELECT c.relname::text AS name, array_agg(a.attname::text ORDER BY a.attnum)
  FILTER (WHERE has_column_privilege(c.oid, a.attnum, 'SELECT')) AS columns
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relrowsecurity
GROUP BY c.oid, c.relname
HAVING (bool_or(a.attname = 'user_id') OR c.relname = 'users') AND bool_or(has_column_privilege(c.oid, a.attnum, 'SELECT'))
ORDER BY c.relname

-- name: pictures_of
-- An owner's own pictures with where each is stored, for the list in their export.
SELECT m.id, m.filename, m.alt_text, m.width, m.height, m.size_bytes, m.uploaded_at, m.url, m.storage_key, o.place
FROM media_library m LEFT JOIN stored_objects o ON o.key = m.storage_key ORDER BY m.uploaded_at, m.id

-- name: begin_erasing
-- Everything of a user's stops at once; false = there is no such user.
SELECT begin_erasing(%(user_id)s)

-- name: erase_user
-- Deletes a user and all that is theirs, unless calls for posts of theirs are under way: returns how many.
SELECT erase_user(%(user_id)s, %(email_subject)s)

-- name: email_of
-- A user's e-mail; no row = there is no such user. Read as postagent_access.
SELECT email FROM users WHERE id = %(user_id)s

-- name: unfinished_erasures
-- Users whose deletion was begun so long ago that whoever began it died.
SELECT id FROM users WHERE erasing_at < clock_timestamp() - make_interval(secs => %(age)s) ORDER BY erasing_at

-- name: connections_of
-- What has to be disconnected before a user's rows go.
SELECT id, platform, login_provider FROM connected_accounts WHERE disconnected_at IS NULL ORDER BY connected_at, id

-- name: files_of
-- The stored files of a user, which are deleted with them.
SELECT key, place FROM stored_objects WHERE user_id = %(user_id)s ORDER BY key

-- name: owned_tables
-- Every table with rows that are somebody's, and the column that says whose. For the command line.
SELECT c.table_name::text AS name, c.column_name::text AS owner_column FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
  AND (c.column_name = 'user_id' OR (c.table_name = 'users' AND c.column_name = 'id'))
ORDER BY c.table_name

-- name: what_goes_with_the_account
-- What an owner is told before they delete their account.
SELECT (SELECT count(*) FROM post_queue WHERE status IN ('pending', 'approved'))::int AS queued,
       (SELECT count(*) FROM media_library)::int AS pictures,
       (SELECT count(*) FROM connected_accounts WHERE disconnected_at IS NULL)::int AS accounts

-- name: calls_under_way
-- How many calls to a platform are being made for a user's posts, as erase_user counts them.
SELECT count(*) FROM post_queue p
WHERE p.user_id = %(user_id)s AND p.status IN ('pending', 'approved') AND p.lease_expires_at > clock_timestamp()
  AND EXISTS (SELECT FROM publish_attempts t WHERE t.post_id = p.id AND t.finished_at IS NULL)
