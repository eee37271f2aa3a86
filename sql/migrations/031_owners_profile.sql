-- Owners change what they state about their business and what they prefer, column by column: whose row it is, its id and
-- its times stay out of reach, and so do plan and status (users) and everything about accounts.

GRANT INSERT (user_id, name, type, location_city, location_state, website, description, brand_voice),
  UPDATE (name, type, location_city, location_state, website, description, brand_voice) ON businesses TO postagent_dashboard;
GRANT INSERT (user_id, posting_frequency, preferred_times, timezone, themes_enabled, avoid_keywords, email_weekly_summary,
  email_monthly_report, push_approval_needed),
  UPDATE (posting_frequency, preferred_times, timezone, themes_enabled, avoid_keywords, email_weekly_summary,
  email_monthly_report, push_approval_needed) ON user_preferences TO postagent_dashboard;
