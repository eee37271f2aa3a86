-- What each user wants: how often, when, about what, and which mails.

-- user_preferences: User-specific posting settings
CREATE TABLE user_preferences (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID REFERENCES users(id) ON DELETE CASCADE UNIQUE,
  
  -- Scheduling preferences
  posting_frequency INTEGER DEFAULT 3, -- Posts per week
  preferred_times TIME[], -- e.g., ['09:00', '13:00', '17:00']
  timezone TEXT DEFAULT 'America/New_York',
  
  -- Content preferences
  themes_enabled TEXT[] DEFAULT ARRAY['tip', 'promotion', 'seasonal'], -- Which themes to use
  avoid_keywords TEXT[], -- Words/phrases to avoid in generated content
  
  -- Notification preferences
  email_weekly_summary BOOLEAN DEFAULT true,
  email_monthly_report BOOLEAN DEFAULT true,
  push_approval_needed BOOLEAN DEFAULT true, -- Pro/Premium approval notifications
  
  created_at TIMESTAMP DEFAULT NOW(),
  updated_at TIMESTAMP DEFAULT NOW()
);
