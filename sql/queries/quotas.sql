-- name: take_quota
-- Takes up to `want` calls out of a shared budget of `limit` in any `window` seconds, counted in slots of `step` seconds
-- (models/quota_rules.py, Ledger). One worker at a time: the clock is read after the row is locked. Where it could not
-- give all, it shows the ledger, so that the caller knows when there is room again. No row = there is no such budget yet.
WITH locked AS (
  SELECT slots, counts FROM shared_quotas WHERE name = %(quota)s FOR UPDATE),
asked AS MATERIALIZED (
  SELECT slots, counts, extract(epoch FROM clock_timestamp())::float8 AS at FROM locked),
kept AS (
  SELECT a.at, s.slot, s.count FROM asked a
  LEFT JOIN LATERAL unnest(a.slots, a.counts) AS s(slot, count)
    ON s.slot * %(step)s::float8 > a.at - %(window)s::float8),
given AS (
  SELECT at, floor(at / %(step)s::float8)::bigint + 1 AS slot,
         GREATEST(0, LEAST(%(want)s::bigint, %(limit)s::bigint - coalesce(sum(count), 0)))::int AS granted
  FROM kept GROUP BY at),
merged AS (
  SELECT slot, sum(count)::int AS count
  FROM (SELECT slot, count FROM kept WHERE slot IS NOT NULL
        UNION ALL SELECT slot, granted FROM given WHERE granted > 0) both_kinds
  GROUP BY slot),
ledger AS (
  SELECT coalesce(array_agg(slot ORDER BY slot), '{}') AS slots, coalesce(array_agg(count ORDER BY slot), '{}') AS counts
  FROM merged)
UPDATE shared_quotas q SET slots = ledger.slots, counts = ledger.counts
FROM given, ledger WHERE q.name = %(quota)s
RETURNING given.at, given.granted,
  CASE WHEN given.granted < %(want)s THEN q.slots END AS slots, CASE WHEN given.granted < %(want)s THEN q.counts END AS counts

-- name: open_quota
-- A budget that is asked for the first time begins empty.
INSERT INTO shared_quotas (name) VALUES (%(quota)s) ON CONFLICT (name) DO NOTHING

-- name: read_quota
-- A budget's ledger as it stands, and the database's clock (Unix seconds).
SELECT extract(epoch FROM clock_timestamp())::float8 AS at, slots, counts FROM shared_quotas WHERE name = %(quota)s

-- name: slow_platform
-- The usage headers of our whole application: no account of this platform is called before then.
INSERT INTO shared_quotas AS q (name, slowed_until)
VALUES (%(platform)s, clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (name) DO UPDATE SET slowed_until = excluded.slowed_until
WHERE q.slowed_until IS NULL OR q.slowed_until < excluded.slowed_until

-- name: slow_accounts
-- The usage headers of a Page or an Instagram account, named by the platform's id: whoever connected it waits.
UPDATE connected_accounts a SET slowed_until = clock_timestamp() + make_interval(secs => %(seconds)s),
  slowed_reason = CASE a.platform WHEN 'instagram' THEN %(instagram_reason)s ELSE %(facebook_reason)s END
WHERE a.platform IN ('facebook', 'instagram') AND a.account_id = %(platform_account_id)s
  AND (a.slowed_until IS NULL OR a.slowed_until < clock_timestamp() + make_interval(secs => %(seconds)s))
RETURNING a.id

-- name: slow_account
-- The platform blocks one account for a while; a longer pause that stands already is kept.
UPDATE connected_accounts SET slowed_until = clock_timestamp() + make_interval(secs => %(seconds)s), slowed_reason = %(reason)s
WHERE id = %(account_id)s
  AND (slowed_until IS NULL OR slowed_until < clock_timestamp() + make_interval(secs => %(seconds)s))
RETURNING id

-- name: record_paced
-- Certainly not sent, because there is no room in a quota: the post comes again after `delay` seconds. This is no failed
-- attempt and nothing to tell: thousands of posts may wait like this. An intent of this claim is closed.
WITH changed AS (
  UPDATE post_queue SET next_attempt_at = clock_timestamp() + make_interval(secs => %(delay)s),
    lease_owner = NULL, lease_expires_at = NULL
  WHERE id = %(post_id)s AND lease_token = %(token)s AND lease_owner IS NOT NULL
    AND content_hash = %(content_hash)s AND status IN ('pending', 'approved')
  RETURNING id),
closed AS (
  UPDATE publish_attempts t SET finished_at = clock_timestamp(), outcome = 'try_later', http_status = %(http_status)s,
    error_code = %(code)s, error_message = %(message)s
  FROM changed WHERE t.post_id = changed.id AND t.finished_at IS NULL AND t.lease_token = %(token)s)
SELECT id FROM changed

-- name: publishing_quota
-- What is known of an account's posts in its moving window: places left (NULL = no limit) and how old that knowledge is.
-- Ours count that began within the window and were not settled when the platform was asked, and may be visible.
SELECT q.total - q.used - (SELECT count(*) FROM publish_attempts t
         WHERE t.quota_account_id = q.account_id
           AND t.started_at > clock_timestamp() - make_interval(secs => q.window_seconds)
           AND (t.finished_at IS NULL OR t.finished_at > q.read_at)
           AND (t.outcome IS NULL OR t.outcome IN ('published', 'in_doubt')))::int AS left_over,
       extract(epoch FROM clock_timestamp() - q.read_at)::float8 AS age
FROM publishing_quotas q WHERE q.account_id = %(account_id)s

-- name: save_publishing_quota
-- What the platform just said. Of two answers the one to the later question stays.
INSERT INTO publishing_quotas AS q (user_id, account_id, platform, used, total, window_seconds, read_at)
SELECT a.user_id, a.id, a.platform, %(used)s::int, %(total)s::int, %(window_seconds)s::int, %(asked_at)s::timestamptz
FROM connected_accounts a WHERE a.id = %(account_id)s
ON CONFLICT (account_id) DO UPDATE SET used = excluded.used, total = excluded.total,
  window_seconds = excluded.window_seconds, read_at = excluded.read_at
WHERE q.read_at < excluded.read_at

-- name: guess_publishing_quota
-- The platform does not tell, and never did: a low limit, of which all our own posts of a day count. It is old from the
-- beginning, so that the platform is asked again before the next post.
INSERT INTO publishing_quotas (user_id, account_id, platform, used, total, window_seconds, read_at)
SELECT a.user_id, a.id, a.platform, 0, %(total)s::int, 86400, clock_timestamp() - interval '1 day'
FROM connected_accounts a WHERE a.id = %(account_id)s
ON CONFLICT (account_id) DO NOTHING

-- name: lock_publishing_quota
-- One worker at a time gives away an account's places. The next statement of the transaction sees what the one before
-- us has committed.
SELECT account_id FROM publishing_quotas WHERE account_id = %(account_id)s FOR UPDATE

-- name: write_intent_in_quota
-- Commits the intent, which is the place, if the account has one left; see publishing_quota for what counts. No row =
-- the lease is lost. `attempt` NULL = no place, or the limit has to be asked for first (`left_over`, `age`).
WITH held AS (
  SELECT id, user_id, account_id, content_hash, lease_token FROM post_queue
  WHERE id = %(post_id)s AND lease_token = %(token)s AND content_hash = %(content_hash)s
    AND lease_expires_at > clock_timestamp() + make_interval(secs => %(margin)s)
  FOR KEY SHARE), -- see write_intents
ours AS (
  SELECT count(*) FILTER (WHERE t.finished_at IS NULL OR t.finished_at > q.read_at) AS unseen,
         extract(epoch FROM clock_timestamp() - min(t.started_at))::float8 AS oldest
  FROM held h JOIN publishing_quotas q ON q.account_id = h.account_id
  JOIN publish_attempts t ON t.quota_account_id = h.account_id
    AND t.started_at > clock_timestamp() - make_interval(secs => q.window_seconds)
    AND (t.outcome IS NULL OR t.outcome IN ('published', 'in_doubt'))),
known AS (
  SELECT h.*, (q.total - q.used - ours.unseen)::int AS left_over, q.total, q.window_seconds, ours.oldest,
         extract(epoch FROM clock_timestamp() - q.read_at)::float8 AS age
  FROM held h CROSS JOIN ours LEFT JOIN publishing_quotas q ON q.account_id = h.account_id),
written AS (
  INSERT INTO publish_attempts (post_id, user_id, attempt_number, fingerprint, worker, lease_token, quota_account_id)
  SELECT k.id, k.user_id, 1 + coalesce((SELECT max(attempt_number) FROM publish_attempts t WHERE t.post_id = k.id), 0),
         k.content_hash, %(worker)s, k.lease_token, k.account_id
  FROM known k
  WHERE k.age IS NOT NULL AND (k.total IS NULL OR k.left_over > 0)
    AND k.age < %(read_again)s AND (k.total IS NULL OR k.left_over >= %(few)s OR k.age < %(read_again_few)s)
  RETURNING id)
SELECT k.left_over, k.age, k.oldest, k.window_seconds, (SELECT id FROM written) AS attempt FROM known k

-- name: fill_account
-- An account's posts are used up: nothing new of it is begun before then. With `distrust` what we know of its limit is
-- made old, so that the platform is asked first.
WITH distrusted AS (
  UPDATE publishing_quotas SET read_at = read_at - interval '1 day' WHERE account_id = %(account_id)s AND %(distrust)s)
UPDATE connected_accounts SET full_until = clock_timestamp() + make_interval(secs => %(seconds)s) WHERE id = %(account_id)s
