-- name: begin_ai_batch
-- A batch that is about to be sent. Its sender has it for the time of the lease; who died is replaced after it.
INSERT INTO ai_batches (id, model, lease_expires_at)
VALUES (%(id)s::uuid, %(model)s, clock_timestamp() + %(lease)s::interval)

-- name: add_ai_batch_request
-- A line of a batch; no row when another run has a line for this week already.
INSERT INTO ai_batch_requests (id, batch_id, user_id, call_id, week_start, part, slots, first_at)
SELECT %(id)s::uuid, %(batch_id)s::uuid, %(user_id)s::uuid, %(call_id)s::uuid, %(week_start)s::date, %(part)s::integer,
       %(slots)s::jsonb, %(first_at)s::timestamptz
ON CONFLICT (user_id, week_start, part) DO NOTHING
RETURNING id

-- name: ai_batch_was_submitted
-- The service has it; whoever comes next may collect it.
UPDATE ai_batches SET state = 'submitted', provider_id = %(provider_id)s, input_file_id = %(input_file_id)s,
  lease_expires_at = NULL
WHERE id = %(id)s AND state = 'preparing'

-- name: drop_ai_batch
-- The service never got it: what was reserved is free again, and its weeks are as if they had never been asked for.
WITH gone AS (DELETE FROM ai_batch_requests WHERE batch_id = %(id)s RETURNING user_id, call_id),
freed AS (
  UPDATE ai_calls SET outcome = 'not_billed', settled_at = clock_timestamp(), cost = 0
  WHERE id IN (SELECT call_id FROM gone) AND settled_at IS NULL),
dropped AS (
  UPDATE ai_batches SET state = 'dropped', error_message = %(reason)s, finished_at = clock_timestamp(),
    lease_expires_at = NULL
  WHERE id = %(id)s)
SELECT DISTINCT user_id FROM gone

-- name: claim_ai_batches
-- The batches that nobody is at, for the time of the lease, oldest first.
UPDATE ai_batches b SET lease_expires_at = clock_timestamp() + %(lease)s::interval
FROM (
  SELECT id FROM ai_batches
  WHERE state IN ('preparing', 'submitted') AND (lease_expires_at IS NULL OR lease_expires_at <= clock_timestamp())
  ORDER BY created_at FOR UPDATE SKIP LOCKED) free
WHERE b.id = free.id
RETURNING b.id, b.model, b.state, b.provider_id, b.input_file_id, b.created_at

-- name: release_ai_batches
-- Let them go: others may look at them.
UPDATE ai_batches SET lease_expires_at = NULL WHERE id = ANY(%(ids)s::uuid[])

-- name: ai_batch_requests_open
-- The lines of a batch whose answers are not used yet.
SELECT r.id, r.user_id, r.call_id, r.week_start, r.slots, r.first_at, c.created_at::date AS made_on
FROM ai_batch_requests r JOIN ai_calls c ON c.id = r.call_id
WHERE r.batch_id = %(batch_id)s AND r.state = 'waiting'
ORDER BY r.user_id, r.week_start, r.part

-- name: ai_batch_requests_of_owner
-- What was asked of batches for an owner's weeks from one on.
SELECT id, week_start, slots, state FROM ai_batch_requests
WHERE user_id = %(user_id)s AND week_start >= %(first_week)s
ORDER BY week_start, part

-- name: any_ai_batch_requests
-- Whether any week that is still ahead was ever given to a batch: where none was, nobody has to be asked one by one.
SELECT EXISTS (SELECT 1 FROM ai_batch_requests WHERE week_start >= %(first_week)s)

-- name: use_ai_batch_requests
-- Their posts are queued, in the same transaction.
UPDATE ai_batch_requests SET state = 'used' WHERE id = ANY(%(ids)s::uuid[])

-- name: lose_ai_batch_requests
-- They gave nothing that is of use; their weeks are written by direct calls.
UPDATE ai_batch_requests SET state = 'lost' WHERE id = ANY(%(ids)s::uuid[]) AND state = 'waiting'

-- name: finish_ai_batch
-- Over once nobody waits for a line of it any more; returns whether it is.
UPDATE ai_batches SET state = 'finished', error_message = %(reason)s, finished_at = clock_timestamp(),
  lease_expires_at = NULL
WHERE id = %(id)s AND NOT EXISTS (SELECT 1 FROM ai_batch_requests WHERE batch_id = %(id)s AND state = 'waiting')
RETURNING true
