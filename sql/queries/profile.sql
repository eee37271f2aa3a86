-- name: dashboard_business
-- The business that an owner's posts are written for: the oldest one.
SELECT id, name, type, location_city, location_state, website, description, brand_voice, updated_at
FROM businesses ORDER BY created_at, id LIMIT 1

-- name: dashboard_wishes
-- What an owner prefers.
SELECT posting_frequency, preferred_times, timezone, themes_enabled, avoid_keywords, email_weekly_summary,
       email_monthly_report, push_approval_needed, updated_at
FROM user_preferences

-- name: dashboard_facts
-- What an owner stated about the business that posts are written for, and its customers' reviews, oldest first.
SELECT f.id, f.kind, f.text, f.author, f.used_at FROM business_facts f
WHERE f.business_id = (SELECT id FROM businesses ORDER BY created_at, id LIMIT 1)
ORDER BY f.created_at, f.id LIMIT %(limit)s

-- name: dashboard_week_used
-- An owner's accounts that are not disconnected, in the order in which they were connected, and how many slots of the
-- week from %(first)s to %(last)s (wall-clock days, both included) each one's posts have.
SELECT a.id, a.platform, a.account_name, a.account_id, a.status,
       (SELECT count(*) FROM post_queue p WHERE p.account_id = a.id AND p.slot >= %(first)s::date::text
          AND p.slot < (%(last)s::date + 1)::text)::int AS posts
FROM connected_accounts a WHERE a.disconnected_at IS NULL ORDER BY a.connected_at, a.id

-- name: lock_profile
-- One change at a time for an owner.
SELECT pg_advisory_xact_lock(hashtextextended('profile of ' || %(user_id)s::uuid, 0))

-- name: save_business
-- The owner's words, over exactly what they were shown.
UPDATE businesses SET name = %(name)s, type = %(type)s, location_city = %(location_city)s,
  location_state = %(location_state)s, website = %(website)s, description = %(description)s,
  brand_voice = %(brand_voice)s
WHERE id = (SELECT id FROM businesses WHERE user_id = %(user_id)s ORDER BY created_at, id LIMIT 1)
  AND updated_at = %(seen)s
RETURNING id

-- name: add_first_business
-- The first business of an owner who has none yet; call it under lock_profile.
INSERT INTO businesses (user_id, name, type, location_city, location_state, website, description, brand_voice)
SELECT %(user_id)s::uuid, %(name)s, %(type)s, %(location_city)s, %(location_state)s, %(website)s, %(description)s,
       %(brand_voice)s
WHERE NOT EXISTS (SELECT FROM businesses WHERE user_id = %(user_id)s::uuid)
RETURNING id

-- name: save_wishes
-- The owner's preferences, over exactly what they were shown.
UPDATE user_preferences SET posting_frequency = %(posting_frequency)s, preferred_times = %(preferred_times)s::time[],
  timezone = %(timezone)s, themes_enabled = %(themes_enabled)s::text[], avoid_keywords = %(avoid_keywords)s::text[],
  email_weekly_summary = %(email_weekly_summary)s, email_monthly_report = %(email_monthly_report)s,
  push_approval_needed = %(push_approval_needed)s
WHERE user_id = %(user_id)s AND updated_at = %(seen)s
RETURNING id

-- name: add_wishes
-- The preferences of an owner who has none yet.
INSERT INTO user_preferences (user_id, posting_frequency, preferred_times, timezone, themes_enabled, avoid_keywords,
  email_weekly_summary, email_monthly_report, push_approval_needed)
VALUES (%(user_id)s, %(posting_frequency)s, %(preferred_times)s::time[], %(timezone)s, %(themes_enabled)s::text[],
  %(avoid_keywords)s::text[], %(email_weekly_summary)s, %(email_monthly_report)s, %(push_approval_needed)s)
ON CONFLICT (user_id) DO NOTHING RETURNING id

-- name: add_fact
-- A fact or review of the business that posts are written for; nothing where the owner has it already, or no business.
INSERT INTO business_facts (user_id, business_id, kind, text, author)
SELECT b.user_id, b.id, %(kind)s, %(text)s, %(author)s FROM businesses b WHERE b.user_id = %(user_id)s
ORDER BY b.created_at, b.id LIMIT 1
ON CONFLICT (business_id, kind, md5(text)) DO NOTHING RETURNING id

-- name: count_facts
-- How many facts and reviews an owner's business has.
SELECT count(*) FROM business_facts
WHERE business_id = (SELECT id FROM businesses WHERE user_id = %(user_id)s ORDER BY created_at, id LIMIT 1)

-- name: change_fact
-- Other words for a fact or review that still reads as it was shown.
UPDATE business_facts SET text = %(text)s, author = %(author)s
WHERE id = %(id)s AND user_id = %(user_id)s AND text = %(seen_text)s AND author IS NOT DISTINCT FROM %(seen_author)s
RETURNING id

-- name: remove_fact
-- Forget a fact or review of the owner's.
DELETE FROM business_facts WHERE id = %(id)s AND user_id = %(user_id)s
