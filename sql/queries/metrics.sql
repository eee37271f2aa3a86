-- name: dashboard_daily
-- Numbers per day and platform from the rollup, both days included.
SELECT day, platform, sum(posts)::int AS posts, sum(reach)::bigint AS reach, sum(clicks)::bigint AS clicks,
       sum(likes)::bigint AS likes, sum(comments)::bigint AS comments, sum(shares)::bigint AS shares
FROM analytics_daily WHERE day BETWEEN %(first)s AND %(last)s
GROUP BY day, platform ORDER BY day, platform

-- name: dashboard_first_days
-- The first day with a post, and the first and last one that Google has told numbers of; NULL where there is none.
SELECT (SELECT min(day) FROM analytics_daily WHERE posts > 0) AS posts,
       (SELECT min(day) FROM location_metrics WHERE platform = 'google') AS location,
       (SELECT max(day) FROM location_metrics WHERE platform = 'google') AS location_last

-- name: dashboard_themes
-- How the posts of each theme did on each platform since %(since)s, by the latest numbers of each. `judged` are those that
-- are old enough and reached enough people for a rate to mean something; mean and variance are theirs.
SELECT theme, platform, count(*) AS posts, sum(reach)::bigint AS reach, sum(likes + comments + shares)::bigint AS engagement,
       count(*) FILTER (WHERE judged) AS judged, avg(engagement_rate) FILTER (WHERE judged)::float8 AS mean,
       coalesce(var_samp(engagement_rate) FILTER (WHERE judged), 0)::float8 AS variance
FROM (SELECT *, published_at <= %(ripe)s AND reach >= %(least_reach)s AND engagement_rate IS NOT NULL AS judged
      FROM post_results WHERE published_at >= %(since)s AND platform <> 'google') r
GROUP BY theme, platform ORDER BY theme, platform

-- name: dashboard_times
-- How posts did by the hour of the week at which they went out, on the clock of %(zone)s (weekday 1 = Monday). Only posts
-- that are old enough and reached enough people for a rate to mean something.
SELECT extract(isodow FROM local)::int AS weekday, extract(hour FROM local)::int AS hour, platform, count(*) AS posts,
       avg(engagement_rate)::float8 AS mean, coalesce(var_samp(engagement_rate), 0)::float8 AS variance
FROM (SELECT published_at AT TIME ZONE %(zone)s AS local, platform, engagement_rate FROM post_results
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
FROM (SELECT *, row_number() OVER (ORDER BY CASE %(sort)s::text WHEN 'reach' THEN reach
              WHEN 'engagement' THEN likes + comments + shares END DESC, published_at DESC, post_id) AS place
      FROM post_results WHERE published_at >= %(since)s ORDER BY place LIMIT %(limit)s OFFSET %(offset)s) r
JOIN post_queue p ON p.id = r.post_id
ORDER BY r.place

-- name: dashboard_themes_why
-- Why the owner's latest written week has its themes, in words.
SELECT themes_why FROM content_generations WHERE themes_why <> ''
ORDER BY week_start DESC, created_at DESC, id LIMIT 1

-- name: dashboard_location_metrics
-- Google's daily numbers of all locations together, both days included.
SELECT day, metric, sum(value)::bigint AS value FROM location_metrics
WHERE platform = 'google' AND day BETWEEN %(first)s AND %(last)s
GROUP BY day, metric ORDER BY day, metric
