-- name: lock_ai_budget
-- One reservation of a tenant at a time: held until the transaction ends, so that the next statement sees all others.
SELECT pg_advisory_xact_lock(hashtextextended('ai budget of ' || %(user_id)s::uuid, 0))

-- name: reserve_ai_call
-- Reserve what a call may cost, if the tenant's month has room for it; no row = it has not. After lock_ai_budget, in the
-- same transaction: erasing a tenant takes that lock too, so there is none for one that is gone.
INSERT INTO ai_calls (id, user_id, month, model, batch, price_date, reserved, reserved_until)
SELECT %(id)s::uuid, %(user_id)s::uuid, this.month, %(model)s, %(batch)s::boolean, %(price_date)s::date,
       %(amount)s::numeric, clock_timestamp() + %(hold)s::interval
FROM (SELECT date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC')::date AS month) this
WHERE EXISTS (SELECT FROM users WHERE id = %(user_id)s::uuid) AND %(amount)s::numeric + coalesce((
  SELECT sum(CASE WHEN c.settled_at IS NOT NULL THEN c.cost WHEN c.reserved_until > clock_timestamp() THEN c.reserved END)
  FROM ai_calls c WHERE c.user_id = %(user_id)s::uuid AND c.month = this.month), 0) <= %(budget)s::numeric
RETURNING id

-- name: settle_ai_call
-- What a call used and cost; once and for all. It counts also when the time of its reservation is over.
UPDATE ai_calls
SET outcome = %(outcome)s, settled_at = clock_timestamp(), cost = coalesce(%(cost)s::numeric, reserved),
    price_date = coalesce(%(price_date)s::date, price_date), model = coalesce(%(model)s, model),
    input_tokens = %(input_tokens)s, cached_tokens = %(cached_tokens)s, cache_write_tokens = %(cache_write_tokens)s,
    output_tokens = %(output_tokens)s
WHERE id = %(id)s AND settled_at IS NULL
RETURNING cost

-- name: assign_ai_calls
-- Which calls a generated week was made from.
UPDATE ai_calls SET generation_id = %(generation_id)s WHERE id = ANY(%(ids)s::uuid[])

-- name: ai_costs
-- This month (UTC) tenant by tenant: posts, calls, tokens, what was spent, and what calls under way may still cost.
-- The dearest come first.
WITH this AS (SELECT date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') AS month),
spent AS (
  SELECT user_id, count(*)::int AS calls, sum(input_tokens)::bigint AS input_tokens,
         sum(cached_tokens)::bigint AS cached_tokens, sum(output_tokens)::bigint AS output_tokens,
         coalesce(sum(cost), 0) AS cost,
         coalesce(sum(reserved) FILTER (WHERE settled_at IS NULL AND reserved_until > clock_timestamp()), 0) AS reserved
  FROM ai_calls WHERE month = (SELECT month::date FROM this) GROUP BY user_id),
made AS (
  SELECT user_id, sum(posts_made)::int AS posts, sum(posts_fallen_back)::int AS fell_back
  FROM content_generations WHERE created_at >= (SELECT month AT TIME ZONE 'UTC' FROM this) GROUP BY user_id)
SELECT u.id AS user_id, u.plan_tier AS plan,
       coalesce((SELECT name FROM businesses WHERE user_id = u.id ORDER BY created_at, id LIMIT 1), '') AS business,
       coalesce(m.posts, 0) AS posts, coalesce(m.fell_back, 0) AS fell_back, coalesce(s.calls, 0) AS calls,
       coalesce(s.input_tokens, 0) AS input_tokens, coalesce(s.cached_tokens, 0) AS cached_tokens,
       coalesce(s.output_tokens, 0) AS output_tokens, coalesce(s.cost, 0) AS cost, coalesce(s.reserved, 0) AS reserved
FROM spent s FULL JOIN made m USING (user_id) JOIN users u ON u.id = user_id
ORDER BY coalesce(s.cost, 0) DESC, u.id
