-- name: accounts_with_due_snapshots
-- Accounts that have published posts whose numbers are due, those that wait longest first; not of owners who left, and
-- not those that their platform wants left alone for a while.
SELECT a.id, a.user_id, a.platform, a.account_id, a.account_name, a.login_provider, a.access_token_encrypted,
       a.refresh_token_encrypted, a.token_expires_at, a.status, a.status_reason, a.refresh_after, f.timezone
FROM (SELECT account_id, min(metrics_due_at) AS since FROM post_queue
      WHERE metrics_due_at <= %(now)s AND status = 'published' AND platform_post_id IS NOT NULL
      GROUP BY account_id) due
JOIN connected_accounts a ON a.id = due.account_id AND (a.slowed_until IS NULL OR a.slowed_until <= %(now)s)
  AND CASE a.login_provider WHEN 'facebook' THEN 'facebook' ELSE a.platform END
    NOT IN (SELECT name FROM shared_quotas WHERE slowed_until > %(now)s)
JOIN users u ON u.id = a.user_id AND u.status <> 'canceled'
LEFT JOIN user_preferences f ON f.user_id = a.user_id
ORDER BY due.since, a.id
LIMIT %(limit)s

-- name: claim_due_snapshots
-- Take some of an account's due posts for this run by moving their time; another run at the same moment takes others.
-- None once the platform has asked for a pause.
WITH due AS (
  SELECT id FROM post_queue
  WHERE account_id = %(account_id)s AND metrics_due_at <= %(now)s AND status = 'published'
    AND platform_post_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM connected_accounts a WHERE a.id = %(account_id)s AND (a.slowed_until > clock_timestamp()
      OR CASE a.login_provider WHEN 'facebook' THEN 'facebook' ELSE a.platform END
        IN (SELECT name FROM shared_quotas WHERE slowed_until > clock_timestamp())))
  ORDER BY metrics_due_at, id LIMIT %(limit)s
  FOR UPDATE SKIP LOCKED)
UPDATE post_queue p SET metrics_due_at = %(until)s FROM due WHERE p.id = due.id
RETURNING p.id, p.platform_post_id, coalesce(p.published_at, p.scheduled_for) AS published_at

-- name: lock_account_numbers
-- One writer of an account's numbers at a time, until the end of the transaction: a rollup must see every snapshot. An
-- account that is being erased waits for it, or is gone for everything that follows.
SELECT pg_advisory_xact_lock(hashtextextended('analytics ' || %(account_id)s::text, 0)),
       (SELECT id FROM connected_accounts WHERE id = %(account_id)s::uuid FOR KEY SHARE)

-- name: latest_snapshots
-- The latest snapshot of each of these posts; posts without one are absent.
SELECT post_id, reach, impressions, clicks, likes, comments, shares FROM post_results WHERE post_id = ANY(%(post_ids)s)

-- name: insert_snapshots
-- One row a post. A post that was erased meanwhile is passed by.
INSERT INTO analytics (post_id, user_id, platform, reach, impressions, clicks, likes, comments, shares, engagement_rate, fetched_at)
SELECT p.id, p.user_id, p.platform, s.reach, s.impressions, s.clicks, s.likes, s.comments, s.shares, s.rate, %(now)s
FROM unnest(%(post_ids)s::uuid[], %(reach)s::int[], %(impressions)s::int[], %(clicks)s::int[], %(likes)s::int[],
            %(comments)s::int[], %(shares)s::int[], %(rates)s::numeric[])
  AS s (post_id, reach, impressions, clicks, likes, comments, shares, rate)
JOIN post_queue p ON p.id = s.post_id

-- name: set_next_snapshots
-- When each claimed post is due again (NULL = no more), unless another run took it in the meantime.
UPDATE post_queue p SET metrics_due_at = n.due_at
FROM unnest(%(post_ids)s::uuid[], %(due_at)s::timestamptz[]) AS n (post_id, due_at)
WHERE p.id = n.post_id AND p.metrics_due_at = %(claimed_until)s

-- name: roll_up_days
-- The given days of an account, each made anew from the latest snapshot of every post that was published on that day in
-- the owner's zone; sums of snapshots would count a post as often as it was looked at. A day without posts becomes 0.
INSERT INTO analytics_daily (user_id, account_id, platform, day, posts, reach, impressions, clicks, likes, comments, shares, updated_at)
SELECT a.user_id, a.id, a.platform, wanted.day, count(p.id), coalesce(sum(s.reach), 0), coalesce(sum(s.impressions), 0),
       coalesce(sum(s.clicks), 0), coalesce(sum(s.likes), 0), coalesce(sum(s.comments), 0), coalesce(sum(s.shares), 0),
       clock_timestamp()
FROM connected_accounts a
CROSS JOIN unnest(%(days)s::date[]) AS wanted (day)
LEFT JOIN post_queue p ON p.account_id = a.id AND p.status = 'published'
  -- No zone is further from UTC than a day: cheap first, exact second.
  AND p.published_at >= (wanted.day - 1)::timestamp AT TIME ZONE 'UTC'
  AND p.published_at < (wanted.day + 2)::timestamp AT TIME ZONE 'UTC'
  AND (p.published_at AT TIME ZONE %(zone)s)::date = wanted.day
LEFT JOIN post_results s ON s.post_id = p.id
WHERE a.id = %(account_id)s
GROUP BY a.user_id, a.id, a.platform, wanted.day
ORDER BY wanted.day
ON CONFLICT (user_id, account_id, day) DO UPDATE SET posts = EXCLUDED.posts, reach = EXCLUDED.reach,
  impressions = EXCLUDED.impressions, clicks = EXCLUDED.clicks, likes = EXCLUDED.likes, comments = EXCLUDED.comments,
  shares = EXCLUDED.shares, updated_at = EXCLUDED.updated_at

-- name: accounts_with_old_days
-- Accounts whose owner changed their preferences after days were rolled up: with another zone, days are other days.
SELECT DISTINCT d.account_id, f.timezone
FROM user_preferences f
JOIN analytics_daily d ON d.user_id = f.user_id AND d.updated_at < f.updated_at
WHERE f.updated_at > %(now)s::timestamptz - interval '7 days'
LIMIT %(limit)s

-- name: days_of_account
-- Every day that an account has numbers for, and every day on which it published, in the owner's zone.
SELECT day FROM analytics_daily WHERE account_id = %(account_id)s
UNION
SELECT (published_at AT TIME ZONE %(zone)s)::date FROM post_queue
WHERE account_id = %(account_id)s AND status = 'published' AND published_at IS NOT NULL

-- name: locations_to_read
-- Active accounts of platforms that tell numbers a location and day, not read for a while; `last_day` NULL = never.
SELECT a.id, a.user_id, a.platform, a.account_id, a.account_name, a.login_provider, a.access_token_encrypted,
       a.refresh_token_encrypted, a.token_expires_at, a.status, a.status_reason, a.refresh_after, f.timezone, known.last_day
FROM connected_accounts a
JOIN users u ON u.id = a.user_id AND u.status <> 'canceled'
LEFT JOIN user_preferences f ON f.user_id = a.user_id
CROSS JOIN LATERAL (SELECT max(fetched_at) AS fetched_at, max(day) AS last_day FROM location_metrics
                    WHERE user_id = a.user_id AND account_id = a.id) known
WHERE a.platform = ANY(%(platforms)s::text[]) AND a.status = 'active'
  AND (a.slowed_until IS NULL OR a.slowed_until <= clock_timestamp())
  AND (known.fetched_at IS NULL OR known.fetched_at < %(read_before)s)
ORDER BY known.fetched_at NULLS FIRST, a.id
LIMIT %(limit)s

-- name: save_location_days
-- Daily numbers of a location, over what was known of those days: the platform corrects its last days.
INSERT INTO location_metrics (user_id, account_id, platform, day, metric, value, fetched_at)
SELECT a.user_id, a.id, a.platform, d.day, d.metric, d.value, %(now)s
FROM connected_accounts a
CROSS JOIN unnest(%(days)s::date[], %(metrics)s::text[], %(counts)s::bigint[]) AS d (day, metric, value)
WHERE a.id = %(account_id)s
ORDER BY d.day, d.metric
FOR KEY SHARE OF a
ON CONFLICT (user_id, account_id, day, metric) DO UPDATE SET value = EXCLUDED.value, fetched_at = EXCLUDED.fetched_at
