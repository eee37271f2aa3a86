-- name: queue_health
-- What the operator asks first, over all tenants. "Due" can be taken by a worker right now; "overdue" could have been
-- for `overdue` seconds; "held" is due but its account or owner is not in a state to publish; "paused" is due, but its
-- platform asked for a pause or the account's posts of the day are used up: it goes out by itself.
SELECT
  count(*) FILTER (WHERE ready AND able AND NOT paused)::int AS due,
  count(*) FILTER (WHERE ready AND able AND NOT paused
    AND due_at < clock_timestamp() - make_interval(secs => %(overdue)s))::int AS overdue,
  count(*) FILTER (WHERE ready AND able AND paused)::int AS paused,
  count(*) FILTER (WHERE ready AND NOT able)::int AS held,
  count(*) FILTER (WHERE in_doubt_since IS NOT NULL)::int AS in_doubt,
  count(*) FILTER (WHERE status = 'pending' AND requires_approval AND scheduled_for > clock_timestamp())::int AS waiting_for_approval,
  count(*) FILTER (WHERE status = 'published' AND published_at > clock_timestamp() - interval '1 hour')::int AS published_last_hour,
  count(*) FILTER (WHERE status = 'published' AND published_at > clock_timestamp() - interval '1 day')::int AS published_last_day,
  count(*) FILTER (WHERE status = 'failed' AND updated_at > clock_timestamp() - interval '1 day')::int AS failed_last_day
FROM (
  SELECT p.status, p.requires_approval, p.scheduled_for, p.published_at, p.updated_at, p.due_at, p.in_doubt_since,
         (p.status = 'approved' OR (p.status = 'pending' AND NOT p.requires_approval))
           AND p.due_at <= clock_timestamp()
           AND (p.lease_expires_at IS NULL OR p.lease_expires_at <= clock_timestamp()) AS ready,
         a.status = 'active' AND u.is_served AS able,
         COALESCE(GREATEST(a.slowed_until, a.full_until, app.slowed_until) > clock_timestamp(), false) AS paused
  FROM post_queue p
  JOIN connected_accounts a ON a.id = p.account_id
  JOIN users u ON u.id = p.user_id
  LEFT JOIN shared_quotas app ON app.name = CASE a.login_provider WHEN 'facebook' THEN 'facebook' ELSE a.platform END
  WHERE p.status IN ('pending', 'approved') OR p.updated_at > clock_timestamp() - interval '1 day' OR p.in_doubt_since IS NOT NULL
) posts

-- name: pauses
-- Who is left alone because its platform asked for it: an application as a whole, and how many accounts. `seconds` is
-- how long still, the longest of them.
SELECT name AS platform, NULL::int AS accounts, extract(epoch FROM slowed_until - clock_timestamp())::float8 AS seconds
FROM shared_quotas WHERE slowed_until > clock_timestamp()
UNION ALL
SELECT platform, count(*)::int, max(extract(epoch FROM GREATEST(slowed_until, full_until) - clock_timestamp()))::float8
FROM connected_accounts WHERE GREATEST(slowed_until, full_until) > clock_timestamp() GROUP BY platform
ORDER BY platform, accounts NULLS FIRST

-- name: lateness
-- Seconds between the moment a post could leave (its time, or its approval when that came later) and the platform's
-- yes, all tries included, for posts published in the last day. (An attempt begins a little before its second.)
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY late) AS p50, percentile_cont(0.99) WITHIN GROUP (ORDER BY late) AS p99,
       count(*)::int AS posts
FROM (
  SELECT extract(epoch FROM t.finished_at - greatest(p.scheduled_for, p.approved_at))::float8 AS late
  FROM publish_attempts t JOIN post_queue p ON p.id = t.post_id
  WHERE t.outcome = 'published' AND t.finished_at > clock_timestamp() - interval '1 day'
) published

-- name: token_health
-- Accounts by the state of their tokens. "Expiring" is nearer to its end than the refresh deployment should ever let it
-- come; the margins come from models/token_schedule.py.
SELECT count(*) FILTER (WHERE a.status = 'active' AND a.token_expires_at <= clock_timestamp() + rule.margin)::int AS expiring,
       count(*) FILTER (WHERE a.status = 'active' AND (a.token_expires_at > clock_timestamp() + rule.margin) IS NOT FALSE)::int AS active,
       count(*) FILTER (WHERE a.status = 'expired')::int AS expired,
       count(*) FILTER (WHERE a.status = 'revoked')::int AS revoked
FROM connected_accounts a
JOIN users u ON u.id = a.user_id AND u.status <> 'canceled'
JOIN unnest(%(kinds)s::text[], %(margins)s::interval[]) AS rule (kind, margin)
  ON rule.kind = CASE WHEN a.login_provider = 'facebook' THEN 'facebook' ELSE a.platform END

-- name: job_health
-- For each job: seconds since its last success, since the beginning of its newest run, and whether that one failed.
SELECT job,
       extract(epoch FROM clock_timestamp() - max(finished_at) FILTER (WHERE succeeded))::float8 AS success_age,
       extract(epoch FROM clock_timestamp() - max(started_at) FILTER (WHERE finished_at IS NULL))::float8 AS running_age,
       extract(epoch FROM clock_timestamp() - min(started_at))::float8 AS first_age,
       (array_agg(succeeded ORDER BY started_at DESC) FILTER (WHERE finished_at IS NOT NULL))[1] AS last_succeeded,
       (array_agg(summary ORDER BY started_at DESC) FILTER (WHERE finished_at IS NOT NULL))[1] AS last_summary
FROM job_runs WHERE started_at > clock_timestamp() - interval '60 days'
GROUP BY job

-- name: database_clock
-- The database's time; leases and due times are decided by it.
SELECT clock_timestamp() AS at
