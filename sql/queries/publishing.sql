-- name: claim_posts
-- Takes a batch of posts that are due within `ahead` seconds: lease with owner, expiry and a fencing token that counts
-- up. Accounts take turns and none gets more than `share` places; those that have theirs already are `full` and left
-- out, so that thousands of due posts of one tenant do not stand in front of the others. Posts that another worker holds
-- are skipped, never waited for; a lease that ran out means that it died. Who catches up after an outage goes one by one,
-- in order, `spacing` seconds apart per account; what came due since then stands behind it in the same line, all but what
-- is on time, and what is `missed` stands in no line, as nothing will be sent. Accounts and whole platforms that asked for a pause wait, and so do the platforms
-- `without` room in our shared quota; where an account's posts of 24 hours are used up, only what may be out already is
-- still looked for.
-- now() and not clock_timestamp(): only the first can be looked up in an index. A claim is a transaction of its own.
WITH spaced AS MATERIALIZED (
  SELECT id FROM connected_accounts WHERE catch_up_after > now()),
slowed AS MATERIALIZED (
  SELECT name FROM shared_quotas WHERE slowed_until > now()),
near AS MATERIALIZED (
  SELECT p.id, p.account_id, p.due_at,
         GREATEST(p.due_at, p.approved_at) < now() - make_interval(secs => %(late)s) AS late,
         GREATEST(p.due_at, p.approved_at) >= now() - make_interval(secs => %(spacing)s) OR p.lease_owner IS NOT NULL
           OR GREATEST(p.scheduled_for, p.approved_at) < now() - make_interval(secs => %(missed)s) AS at_once
  FROM post_queue p
  WHERE (p.status = 'approved' OR (p.status = 'pending' AND NOT p.requires_approval))
    AND p.due_at <= now() + make_interval(secs => %(ahead)s)
    AND p.account_id <> ALL(%(full)s::uuid[])
    AND p.platform <> ALL(%(without)s::text[])
    AND (p.lease_expires_at IS NULL OR p.lease_expires_at <= now())
    AND (GREATEST(p.due_at, p.approved_at) >= now() - make_interval(secs => %(spacing)s) OR p.lease_owner IS NOT NULL
      OR GREATEST(p.scheduled_for, p.approved_at) < now() - make_interval(secs => %(missed)s)
      OR p.account_id NOT IN (SELECT id FROM spaced))
    -- Not a join: a join may begin with all accounts, and then walks through every post that is due.
    AND (SELECT a.status = 'active' AND u.is_served
           AND (a.slowed_until IS NULL OR a.slowed_until <= now())
           AND (a.full_until IS NULL OR a.full_until <= now() OR p.in_doubt_since IS NOT NULL OR p.lease_owner IS NOT NULL)
           AND CASE a.login_provider WHEN 'facebook' THEN 'facebook' ELSE a.platform END NOT IN (SELECT name FROM slowed)
         FROM connected_accounts a JOIN users u ON u.id = a.user_id WHERE a.id = p.account_id)
  ORDER BY p.due_at, p.account_id
  LIMIT %(scan)s),
lined AS (
  SELECT id, account_id, due_at, NOT at_once AND bool_or(late AND NOT at_once) OVER (PARTITION BY account_id) AS catching_up
  FROM near),
turns AS (
  SELECT id, due_at, turn, catching_up
  FROM (SELECT *, row_number() OVER (PARTITION BY account_id, catching_up ORDER BY due_at, id) AS turn FROM lined) ranked
  WHERE turn <= CASE WHEN catching_up THEN 1 ELSE %(share)s END
  ORDER BY turn, due_at
  LIMIT 3 * %(batch)s),
picked AS (
  SELECT p.id, p.account_id, t.catching_up FROM turns t JOIN post_queue p ON p.id = t.id
  WHERE (p.status = 'approved' OR (p.status = 'pending' AND NOT p.requires_approval))
    AND p.due_at <= now() + make_interval(secs => %(ahead)s)
    AND (p.lease_expires_at IS NULL OR p.lease_expires_at <= now())
  ORDER BY t.turn, t.due_at
  LIMIT %(batch)s
  FOR UPDATE OF p SKIP LOCKED),
spacing AS (
  UPDATE connected_accounts a SET catch_up_after = clock_timestamp() + make_interval(secs => %(spacing)s)
  FROM picked WHERE a.id = picked.account_id AND picked.catching_up),
claimed AS (
  UPDATE post_queue p SET lease_owner = %(worker)s, lease_token = p.lease_token + 1,
    lease_expires_at = clock_timestamp() + make_interval(secs => %(lease)s)
  FROM picked WHERE picked.id = p.id
  RETURNING p.*)
SELECT c.id, c.user_id, c.account_id, c.platform, c.content, c.media_url, c.hashtags, c.link_url, c.call_to_action, c.alt_text,
       c.more_media_urls, c.more_alt_texts, c.topic_type, c.event_title, c.event_starts_at, c.event_ends_at,
       c.offer_coupon_code, c.offer_redeem_url, c.offer_terms,
       CASE WHEN c.event_starts_at IS NOT NULL THEN coalesce((SELECT timezone FROM user_preferences u WHERE u.user_id = c.user_id),
         'America/New_York') END AS owner_zone,
       c.status, c.content_hash, c.scheduled_for, c.approved_at, c.retry_count, c.lease_token, c.platform_post_id,
       c.platform_state, c.in_doubt_since, c.seen_absent_at, c.prepared_hash, c.prepared_at,
       a.account_id AS platform_account_id, a.login_provider, a.access_token_encrypted, a.refresh_token_encrypted,
       a.token_expires_at, a.status AS account_status, a.status_reason AS account_status_reason, a.refresh_after,
       (SELECT min(t.started_at) FROM publish_attempts t WHERE t.post_id = c.id
          AND (t.finished_at IS NULL OR t.outcome = 'in_doubt')) AS open_since,
       (SELECT min(t.started_at) FROM publish_attempts t WHERE t.post_id = c.id) AS first_attempt_at,
       (SELECT coalesce(jsonb_object_agg(h.kind, h.handle), '{}') FROM publish_handles h
         WHERE h.post_id = c.id AND h.content_hash = c.content_hash) AS handles
FROM claimed c JOIN connected_accounts a ON a.id = c.account_id
ORDER BY c.scheduled_for

-- name: claim_preparations
-- Takes posts whose time comes within `ahead` seconds and whose unseen part is not made yet, or so long ago that it will
-- have vanished (`alive` seconds) by then.
WITH picked AS (
  SELECT p.id FROM post_queue p
  JOIN connected_accounts a ON a.id = p.account_id AND a.status = 'active'
    AND (a.slowed_until IS NULL OR a.slowed_until <= clock_timestamp())
    AND CASE a.login_provider WHEN 'facebook' THEN 'facebook' ELSE a.platform END
      NOT IN (SELECT name FROM shared_quotas WHERE slowed_until > clock_timestamp())
  JOIN users u ON u.id = p.user_id AND u.is_served
  WHERE (p.status = 'approved' OR (p.status = 'pending' AND NOT p.requires_approval))
    AND p.due_at > now() + make_interval(secs => %(margin)s)
    AND p.due_at <= now() + make_interval(secs => %(ahead)s)
    AND p.platform = ANY(%(platforms)s)
    AND (p.prepared_hash IS DISTINCT FROM p.content_hash
      OR p.prepared_at < clock_timestamp() - make_interval(secs => %(alive)s))
    AND (p.prepare_after IS NULL OR p.prepare_after <= clock_timestamp())
    AND (p.lease_expires_at IS NULL OR p.lease_expires_at <= clock_timestamp())
    AND p.in_doubt_since IS NULL AND p.platform_state IS NULL
    AND NOT EXISTS (SELECT 1 FROM publish_attempts t WHERE t.post_id = p.id AND (t.finished_at IS NULL OR t.outcome = 'in_doubt'))
  ORDER BY p.due_at
  LIMIT %(batch)s
  FOR UPDATE OF p SKIP LOCKED),
claimed AS (
  UPDATE post_queue p SET lease_owner = %(worker)s, lease_token = p.lease_token + 1,
    lease_expires_at = clock_timestamp() + make_interval(secs => %(lease)s)
  FROM picked WHERE picked.id = p.id
  RETURNING p.*)
SELECT c.id, c.user_id, c.account_id, c.platform, c.content, c.media_url, c.hashtags, c.link_url, c.call_to_action, c.alt_text,
       c.more_media_urls, c.more_alt_texts, c.topic_type, c.event_title, c.event_starts_at, c.event_ends_at,
       c.offer_coupon_code, c.offer_redeem_url, c.offer_terms,
       CASE WHEN c.event_starts_at IS NOT NULL THEN coalesce((SELECT timezone FROM user_preferences u WHERE u.user_id = c.user_id),
         'America/New_York') END AS owner_zone,
       c.status, c.content_hash, c.scheduled_for, c.approved_at, c.retry_count, c.lease_token, c.platform_post_id,
       c.platform_state, c.in_doubt_since, c.seen_absent_at, c.prepared_hash, c.prepared_at,
       a.account_id AS platform_account_id, a.login_provider, a.access_token_encrypted, a.refresh_token_encrypted,
       a.token_expires_at, a.status AS account_status, a.status_reason AS account_status_reason, a.refresh_after,
       NULL::timestamptz AS open_since, NULL::timestamptz AS first_attempt_at,
       (SELECT coalesce(jsonb_object_agg(h.kind, h.handle), '{}') FROM publish_handles h
         WHERE h.post_id = c.id AND h.content_hash = c.content_hash) AS handles
FROM claimed c JOIN connected_accounts a ON a.id = c.account_id

-- name: write_intents
-- Commits the intents before the calls, only where the lease is ours for long enough. A post that is not returned has
-- lost its lease: it must not be called for. The lock keeps one that is being deleted out, before its foreign key would
-- fail all the others.
INSERT INTO publish_attempts (post_id, user_id, attempt_number, fingerprint, worker, lease_token)
SELECT p.id, p.user_id, 1 + coalesce((SELECT max(attempt_number) FROM publish_attempts t WHERE t.post_id = p.id), 0),
       p.content_hash, %(worker)s, p.lease_token
FROM unnest(%(ids)s::uuid[], %(tokens)s::bigint[], %(hashes)s::text[]) AS held(id, token, content_hash)
JOIN post_queue p ON p.id = held.id AND p.lease_token = held.token AND p.content_hash = held.content_hash
WHERE p.lease_expires_at > clock_timestamp() + make_interval(secs => %(margin)s)
FOR KEY SHARE OF p
RETURNING post_id, id

-- name: remember_handle
-- An id that the platform handed out for something unseen; committed before the next request. Only by the holder of the
-- current token: a slow worker that comes back must not put its id over the one by which another publishes or looks.
INSERT INTO publish_handles (post_id, user_id, content_hash, kind, handle)
SELECT p.id, p.user_id, %(content_hash)s, %(kind)s, %(handle)s
FROM (SELECT id, user_id FROM post_queue
      WHERE id = %(post_id)s AND lease_token = %(token)s AND lease_owner IS NOT NULL AND content_hash = %(content_hash)s
      FOR NO KEY UPDATE) p
ON CONFLICT (post_id, content_hash, kind) DO UPDATE SET handle = excluded.handle, created_at = clock_timestamp()
RETURNING post_id

-- name: record_prepared
-- The unseen part stands; the lease is given back. As with every record_*: a token is good for one result only, and only
-- for the content that was claimed (a lease that ran out lets the owner edit).
UPDATE post_queue SET prepared_hash = content_hash, prepared_at = clock_timestamp(), prepare_after = NULL, lease_owner = NULL, lease_expires_at = NULL
WHERE id = %(post_id)s AND lease_token = %(token)s AND lease_owner IS NOT NULL
  AND content_hash = %(content_hash)s AND status IN ('pending', 'approved')
RETURNING id

-- name: record_prepare_failed
-- Preparing did not work; it is tried again later or at the due second at the latest.
UPDATE post_queue SET prepare_after = clock_timestamp() + make_interval(secs => %(delay)s),
  lease_owner = NULL, lease_expires_at = NULL
WHERE id = %(post_id)s AND lease_token = %(token)s AND lease_owner IS NOT NULL
  AND content_hash = %(content_hash)s AND status IN ('pending', 'approved')
RETURNING id

-- name: record_published
-- They are live: only the holder of the current token may say so. Posts that are not returned were not ours any more.
WITH news AS (
  SELECT * FROM unnest(%(ids)s::uuid[], %(tokens)s::bigint[], %(froms)s::text[], %(platform_post_ids)s::text[],
                       %(permalinks)s::text[], %(states)s::text[], %(times)s::timestamptz[], %(reasons)s::text[],
                       %(hashes)s::text[])
         AS n(id, token, from_status, platform_post_id, permalink, state, published_at, reason, content_hash)),
ours AS (
  SELECT p.id FROM news n JOIN post_queue p ON p.id = n.id AND p.lease_token = n.token AND p.lease_owner IS NOT NULL
    AND p.content_hash = n.content_hash AND p.status = n.from_status AND p.status IN ('pending', 'approved')
  ORDER BY p.id
  FOR NO KEY UPDATE OF p),
changed AS (
  UPDATE post_queue p SET status = 'published', platform_post_id = n.platform_post_id,
    permalink = coalesce(n.permalink, p.permalink), platform_state = n.state,
    published_at = coalesce(n.published_at, clock_timestamp()), metrics_due_at = clock_timestamp(), error_message = NULL,
    lease_owner = NULL, lease_expires_at = NULL, next_attempt_at = NULL, in_doubt_since = NULL, seen_absent_at = NULL
  FROM news n JOIN ours ON ours.id = n.id WHERE p.id = n.id
  RETURNING p.id, p.user_id, n.from_status, n.platform_post_id, p.permalink, n.reason),
closed AS (
  UPDATE publish_attempts t SET finished_at = coalesce(t.finished_at, clock_timestamp()), outcome = 'published',
    platform_post_id = c.platform_post_id
  FROM changed c
  WHERE t.post_id = c.id AND t.attempt_number = (SELECT max(attempt_number) FROM publish_attempts WHERE post_id = c.id)),
told AS (
  INSERT INTO post_events (post_id, user_id, from_status, to_status, actor, reason, details)
  SELECT id, user_id, from_status, 'published', %(worker)s, reason,
         jsonb_build_object('platform_post_id', platform_post_id, 'permalink', permalink)
  FROM changed RETURNING post_id)
SELECT post_id FROM told

-- name: record_processing
-- The platform took it but has not shown it yet (Google): followed until it is live or rejected.
WITH changed AS (
  UPDATE post_queue SET platform_post_id = %(platform_post_id)s, permalink = %(permalink)s, platform_state = %(state)s,
    next_attempt_at = clock_timestamp() + make_interval(secs => %(delay)s), lease_owner = NULL, lease_expires_at = NULL,
    in_doubt_since = NULL, seen_absent_at = NULL
  WHERE id = %(post_id)s AND lease_token = %(token)s AND lease_owner IS NOT NULL
    AND content_hash = %(content_hash)s AND status IN ('pending', 'approved')
  RETURNING id, user_id, status),
closed AS (
  UPDATE publish_attempts t SET finished_at = coalesce(t.finished_at, clock_timestamp()), outcome = 'published',
    platform_post_id = %(platform_post_id)s
  FROM changed WHERE t.id = (SELECT id FROM publish_attempts WHERE post_id = changed.id ORDER BY attempt_number DESC LIMIT 1)),
told AS (
  INSERT INTO post_events (post_id, user_id, from_status, to_status, actor, reason, details)
  SELECT id, user_id, status, status, %(worker)s, %(reason)s, jsonb_build_object('platform_post_id', %(platform_post_id)s::text)
  FROM changed WHERE %(first)s)
SELECT id FROM changed

-- name: record_failed
-- Refused, out of attempts, or missed: final until somebody retries.
WITH changed AS (
  UPDATE post_queue SET status = 'failed', error_message = %(message)s, lease_owner = NULL, lease_expires_at = NULL,
    next_attempt_at = NULL, in_doubt_since = NULL, seen_absent_at = NULL, platform_state = NULL,
    platform_post_id = NULL, retry_count = retry_count + %(counts)s
  WHERE id = %(post_id)s AND lease_token = %(token)s AND lease_owner IS NOT NULL
    AND content_hash = %(content_hash)s AND status IN ('pending', 'approved')
  RETURNING id, user_id),
closed AS (
  UPDATE publish_attempts t SET finished_at = clock_timestamp(), outcome = %(outcome)s, http_status = %(http_status)s,
    error_code = %(code)s, error_message = %(message)s
  FROM changed WHERE t.post_id = changed.id AND t.finished_at IS NULL),
told AS (
  INSERT INTO post_events (post_id, user_id, from_status, to_status, actor, reason)
  SELECT id, user_id, %(from)s, 'failed', %(worker)s, %(message)s FROM changed RETURNING post_id)
SELECT post_id FROM told

-- name: record_later
-- Certainly not published: due again after `delay` seconds (NULL = at its own time); the lease is given back.
WITH changed AS (
  UPDATE post_queue SET next_attempt_at = clock_timestamp() + make_interval(secs => %(delay)s),
    retry_count = retry_count + %(counts)s, error_message = %(message)s, lease_owner = NULL, lease_expires_at = NULL
  WHERE id = %(post_id)s AND lease_token = %(token)s AND lease_owner IS NOT NULL
    AND content_hash = %(content_hash)s AND status IN ('pending', 'approved')
  RETURNING id, user_id, status),
closed AS (
  UPDATE publish_attempts t SET finished_at = clock_timestamp(), outcome = %(outcome)s, http_status = %(http_status)s,
    error_code = %(code)s, error_message = %(message)s
  FROM changed WHERE t.post_id = changed.id AND t.finished_at IS NULL),
told AS (
  INSERT INTO post_events (post_id, user_id, from_status, to_status, actor, reason)
  SELECT id, user_id, status, status, %(worker)s, 'try later: ' || %(message)s FROM changed)
SELECT id FROM changed

-- name: record_in_doubt
-- The call may have taken effect. From now on only looking is allowed.
WITH changed AS (
  UPDATE post_queue SET in_doubt_since = coalesce(in_doubt_since, %(since)s::timestamptz, clock_timestamp()),
    next_attempt_at = clock_timestamp() + make_interval(secs => %(delay)s),
    seen_absent_at = CASE WHEN %(seen_absent)s THEN coalesce(seen_absent_at, clock_timestamp()) ELSE seen_absent_at END,
    error_message = %(message)s, lease_owner = NULL, lease_expires_at = NULL
  WHERE id = %(post_id)s AND lease_token = %(token)s AND lease_owner IS NOT NULL
    AND content_hash = %(content_hash)s AND status IN ('pending', 'approved')
  RETURNING id, user_id, status),
closed AS (
  UPDATE publish_attempts t SET finished_at = clock_timestamp(), outcome = 'in_doubt', http_status = %(http_status)s,
    error_code = %(code)s, error_message = %(message)s
  FROM changed WHERE t.post_id = changed.id AND t.finished_at IS NULL),
told AS (
  INSERT INTO post_events (post_id, user_id, from_status, to_status, actor, reason)
  SELECT id, user_id, status, status, %(worker)s, 'in doubt: ' || %(message)s FROM changed)
SELECT id FROM changed

-- name: record_absent
-- Proved absent: the doubt is over and the post is due again at once.
WITH changed AS (
  UPDATE post_queue SET in_doubt_since = NULL, seen_absent_at = NULL, next_attempt_at = NULL, retry_count = retry_count + 1,
    error_message = NULL, lease_owner = NULL, lease_expires_at = NULL
  WHERE id = %(post_id)s AND lease_token = %(token)s AND lease_owner IS NOT NULL
    AND content_hash = %(content_hash)s AND status IN ('pending', 'approved')
  RETURNING id, user_id, status),
closed AS (
  UPDATE publish_attempts t SET finished_at = coalesce(t.finished_at, clock_timestamp()), outcome = 'absent'
  FROM changed WHERE t.post_id = changed.id AND (t.finished_at IS NULL OR t.outcome = 'in_doubt')),
told AS (
  INSERT INTO post_events (post_id, user_id, from_status, to_status, actor, reason)
  SELECT id, user_id, status, status, %(worker)s, %(reason)s FROM changed)
SELECT id FROM changed

-- name: release_leases
-- Gives posts back untouched (a window that ends before their second came).
UPDATE post_queue SET lease_owner = NULL, lease_expires_at = NULL
FROM unnest(%(ids)s::uuid[], %(tokens)s::bigint[]) AS held(id, token)
WHERE post_queue.id = held.id AND post_queue.lease_token = held.token

-- name: renew_leases
-- A living worker keeps what it holds; returns the posts that are still its own. Rows are locked in the order of their
-- ids, here and in record_published: a worker renews while it records, and must not deadlock with itself.
WITH ours AS (
  SELECT p.id FROM unnest(%(ids)s::uuid[], %(tokens)s::bigint[]) AS held(id, token)
  JOIN post_queue p ON p.id = held.id AND p.lease_token = held.token AND p.lease_expires_at > clock_timestamp()
  ORDER BY p.id
  FOR NO KEY UPDATE OF p)
UPDATE post_queue p SET lease_expires_at = clock_timestamp() + make_interval(secs => %(lease)s)
FROM ours WHERE p.id = ours.id
RETURNING p.id

-- name: seconds_until_next
-- How long until the next post can be claimed, or the lease of one that is due runs out; NULL = nothing in sight.
SELECT LEAST(
  (SELECT extract(epoch FROM min(due_at) - clock_timestamp())
   FROM post_queue
   WHERE (status = 'approved' OR (status = 'pending' AND NOT requires_approval))
     AND due_at > now() + make_interval(secs => %(ahead)s)),
  (SELECT extract(epoch FROM min(lease_expires_at) - clock_timestamp()) + %(ahead)s
   FROM (SELECT lease_expires_at FROM post_queue
         WHERE (status = 'approved' OR (status = 'pending' AND NOT requires_approval))
           AND due_at <= now() + make_interval(secs => %(ahead)s)
         ORDER BY due_at LIMIT %(scan)s) taken
   WHERE lease_expires_at > now()))::float8 AS due

-- name: work_left
-- What a run that publishes only what is due now still has to settle.
SELECT count(*) FILTER (WHERE p.due_at <= now() AND (p.lease_expires_at IS NULL OR p.lease_expires_at <= now())) AS due,
       count(*) FILTER (WHERE p.in_doubt_since IS NOT NULL OR p.platform_state = 'PROCESSING') AS unsettled
FROM post_queue p
JOIN connected_accounts a ON a.id = p.account_id AND a.status = 'active'
  AND (a.slowed_until IS NULL OR a.slowed_until <= clock_timestamp() + make_interval(secs => %(settle)s))
  AND (a.full_until IS NULL OR a.full_until <= clock_timestamp() OR p.in_doubt_since IS NOT NULL OR p.lease_owner IS NOT NULL)
  AND CASE a.login_provider WHEN 'facebook' THEN 'facebook' ELSE a.platform END
    NOT IN (SELECT name FROM shared_quotas WHERE slowed_until > clock_timestamp() + make_interval(secs => %(settle)s))
JOIN users u ON u.id = p.user_id AND u.is_served
WHERE (p.status = 'approved' OR (p.status = 'pending' AND NOT p.requires_approval))
  AND p.due_at <= now() + make_interval(secs => %(settle)s)
  AND (p.lease_expires_at IS NULL OR p.lease_expires_at <= now() + make_interval(secs => %(settle)s))

-- name: taken_ids
-- Ids of the platform that already belong to a post of this account.
SELECT platform_post_id FROM post_queue WHERE account_id = %(account_id)s AND platform_post_id = ANY(%(ids)s)

-- name: record_permalink
-- The public address of a post that is live already; never changes one that is known.
UPDATE post_queue SET permalink = %(permalink)s WHERE id = %(post_id)s AND permalink IS NULL AND status = 'published'
