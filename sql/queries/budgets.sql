-- name: take_budget
-- Takes up to `want` tokens out of a bucket that holds at most `capacity` and refills at `rate` a second; answers how
-- many it gives, which may be none. A bucket is full when it is asked for the first time.
WITH made AS (
  INSERT INTO rate_budgets (bucket, tokens) VALUES (%(bucket)s, %(capacity)s) ON CONFLICT (bucket) DO NOTHING),
locked AS (
  SELECT bucket, LEAST(%(capacity)s::float8,
    tokens + GREATEST(0, extract(epoch FROM clock_timestamp() - updated_at)) * %(rate)s::float8) AS available
  FROM rate_budgets WHERE bucket = %(bucket)s FOR UPDATE)
UPDATE rate_budgets b SET tokens = l.available - LEAST(%(want)s::float8, floor(l.available)), updated_at = clock_timestamp()
FROM locked l WHERE b.bucket = l.bucket
RETURNING LEAST(%(want)s::float8, floor(l.available))::int AS granted

-- name: slow_accounts
-- The platform's usage headers say that these accounts are near their limit: they are left alone for a while.
UPDATE connected_accounts a SET slowed_until = GREATEST(a.slowed_until, clock_timestamp() + make_interval(secs => n.seconds))
FROM unnest(%(platforms)s::text[], %(account_ids)s::text[], %(seconds)s::float8[]) AS n(platform, account_id, seconds)
WHERE a.platform = n.platform AND a.account_id = n.account_id
