-- name: dashboard_daily
-- Numbers per day and platform from the rollup, both days included.
SELECT day, platform, sum(posts)::int AS posts, sum(reach)::bigint AS reach, sum(clicks)::bigint AS clicks,
       sum(likes)::bigint AS likes, sum(comments)::bigint AS comments, sum(shares)::bigint AS shares
FROM analytics_daily WHERE day BETWEEN %(first)s AND %(last)s
GROUP BY day, platform ORDER BY day, platform

-- name: dashboard_first_days
-- The first day with a post, and the first and last one that Google has told numbers of; NULL where there is none. By
-- account, so that the ends of an index tell.
SELECT min(d.day) AS posts, min(l.first) AS location, max(l.last) AS location_last
FROM connected_accounts a
LEFT JOIN LATERAL (SELECT day FROM analytics_daily WHERE user_id = a.user_id AND account_id = a.id AND posts > 0
                   ORDER BY day LIMIT 1) d ON true
LEFT JOIN LATERAL (SELECT min(day) AS first, max(day) AS last FROM location_metrics
                   WHERE user_id = a.user_id AND account_id = a.id) l ON a.platform = 'google'

-- name: dashboard_themes
-- How the posts of each theme did on each platform since %(since)s, by the latest numbers of each. `judged` are those that
-- are old enough and reached enough people for a rate to mean something; mean and variance are theirs.
SELECT theme, platform, count(*) AS posts, sum(reach)::bigint AS reach, sum(likes + comments + shares)::bigint AS engagement,
       count(*) FILTER (WHERE judged) AS judged, avg(rate) FILTER (WHERE judged) AS mean,
       coalesce(var_samp(rate) FILTER (WHERE judged), 0) AS variance
FROM (SELECT *, engagement_rate::float8 AS rate,
             published_at <= %(ripe)s AND reach >= %(least_reach)s AND engagement_rate IS NOT NULL AS judged
      FROM post_results WHERE published_at >= %(since)s AND platform <> 'google') r
GROUP BY theme, platform ORDER BY theme, platform

-- name: dashboard_times
-- How posts did by the hour of the week at which they went out, on the clock of %(zone)s (weekday 1 = Monday). Only posts
-- that are old enough and reached enough people for a rate to mean something.
SELECT date_part('isodow', local)::int AS weekday, date_part('hour', local)::int AS hour, platform, count(*) AS posts,
       avg(rate) AS mean, coalesce(var_samp(rate), 0) AS variance
FROM (SELECT published_at AT TIME ZONE %(zone)s AS local, platform, engagement_rate::float8 AS rate FROM post_results
      WHERE published_at BETWEEN %(since)s AND %(ripe)s AND platform <> 'google' AND reach >= %(least_reach)s
        AND engagement_rate IS NOT NULL) r
GROUP BY weekday, hour, platform ORDER BY weekday, hour, platform

-- name: dashboard_results_count
-- How many posts since %(since)s have numbers.
SELECT count(*) FROM post_results WHERE published_at >= %(since)s

-- name: dashboard_results
-- One page of posts that went out since %(since)s with their latest numbers (never the sum of snapshots): first those that
-- reached most ('reach'), were liked, commented on and shared most ('engagement'), or else the newest.
SELECT r.post_id, r.platform, r.theme, r.published_at, left(p.content, 140) AS beginning, p.permalink,
       r.reach, r.impressions, r.clicks, r.likes, r.comments, r.shares, r.engagement_rate
FROM (SELECT *, CASE %(sort)s::text WHEN 'reach' THEN reach WHEN 'engagement' THEN likes + comments + shares END AS score
      FROM post_results WHERE published_at >= %(since)s
      ORDER BY score DESC, published_at DESC, post_id LIMIT %(limit)s OFFSET %(offset)s) r
JOIN post_queue p ON p.id = r.post_id
ORDER BY r.score DESC, r.published_at DESC, r.post_id

-- name: dashboard_themes_why
-- Why the owner's latest written week has its themes, in words.
SELECT themes_why FROM content_generations WHERE themes_why <> ''
ORDER BY week_start DESC, created_at DESC, id LIMIT 1

-- name: dashboard_location_metrics
-- Google's daily numbers of all locations together, both days included.
SELECT day, metric, sum(value)::bigint AS value FROM location_metrics
WHERE platform = 'google' AND day BETWEEN %(first)s AND %(last)s
GROUP BY day, metric ORDER BY day, metric
