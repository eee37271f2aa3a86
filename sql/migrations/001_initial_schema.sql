-- The tables the product started from. Never edited: databases made by hand from the same text are adopted.

-- users: Primary user accounts (authentication + billing)
CREATE TABLE users (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  email TEXT UNIQUE NOT NULL,
  password_hash TEXT NOT NULL,
  stripe_customer_id TEXT UNIQUE,
  plan_tier TEXT DEFAULT 'starter' CHECK (plan_tier IN ('starter', 'pro', 'premium')),
  status TEXT DEFAULT 'active' CHECK (status IN ('active', 'paused', 'canceled', 'trial')),
  trial_ends_at TIMESTAMP,
  created_at TIMESTAMP DEFAULT NOW(),
  updated_at TIMESTAMP DEFAULT NOW()
);

CREATE INDEX idx_users_email ON users(email);
CREATE INDEX idx_users_stripe ON users(stripe_customer_id);

-- businesses: Business profile for content generation context
CREATE TABLE businesses (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID REFERENCES users(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  type TEXT NOT NULL, -- 'plumber', 'electrician', 'roofer', etc.
  location_city TEXT,
  location_state TEXT,
  description TEXT,
  website TEXT,
  logo_url TEXT,
  brand_voice TEXT DEFAULT 'professional', -- 'professional', 'casual', 'friendly', etc.
  created_at TIMESTAMP DEFAULT NOW(),
  updated_at TIMESTAMP DEFAULT NOW()
);

CREATE INDEX idx_businesses_user ON businesses(user_id);

-- connected_accounts: OAuth tokens for social media platforms
CREATE TABLE connected_accounts (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID REFERENCES users(id) ON DELETE CASCADE,
  platform TEXT NOT NULL CHECK (platform IN ('google', 'facebook', 'instagram')),
  account_id TEXT NOT NULL, -- Platform-specific ID (Page ID, Location ID)
  account_name TEXT, -- Display name ("Bob's Plumbing - Austin")
  access_token_encrypted TEXT NOT NULL,
  refresh_token_encrypted TEXT,
  token_expires_at TIMESTAMP,
  status TEXT DEFAULT 'active' CHECK (status IN ('active', 'expired', 'revoked')),
  connected_at TIMESTAMP DEFAULT NOW(),
  last_refreshed_at TIMESTAMP,
  UNIQUE(user_id, platform, account_id)
);

CREATE INDEX idx_connected_accounts_user ON connected_accounts(user_id);
CREATE INDEX idx_connected_accounts_expires ON connected_accounts(token_expires_at) WHERE status = 'active';

-- media_library: Photos uploaded by Pro/Premium users
CREATE TABLE media_library (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID REFERENCES users(id) ON DELETE CASCADE,
  filename TEXT NOT NULL,
  url TEXT NOT NULL, -- Cloudflare R2 URL
  size_bytes INTEGER,
  mime_type TEXT,
  source TEXT DEFAULT 'upload' CHECK (source IN ('upload', 'stock')), -- 'upload' or 'stock' (Pexels)
  uploaded_at TIMESTAMP DEFAULT NOW()
);

CREATE INDEX idx_media_user ON media_library(user_id);

-- post_queue: Scheduled and published posts
CREATE TABLE post_queue (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID REFERENCES users(id) ON DELETE CASCADE,
  account_id UUID REFERENCES connected_accounts(id) ON DELETE CASCADE,
  platform TEXT NOT NULL CHECK (platform IN ('google', 'facebook', 'instagram')),
  
  -- Content
  content TEXT NOT NULL, -- Post caption/text
  media_url TEXT, -- Optional photo/video URL
  hashtags TEXT[], -- Instagram hashtags
  
  -- Scheduling
  scheduled_for TIMESTAMP NOT NULL,
  status TEXT DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected', 'published', 'failed')),
  
  -- Publishing metadata
  platform_post_id TEXT, -- ID from platform API after publishing
  published_at TIMESTAMP,
  error_message TEXT,
  retry_count INTEGER DEFAULT 0,
  
  -- Approval (Pro/Premium)
  requires_approval BOOLEAN DEFAULT false,
  approved_at TIMESTAMP,
  
  created_at TIMESTAMP DEFAULT NOW(),
  updated_at TIMESTAMP DEFAULT NOW()
);

CREATE INDEX idx_post_queue_user ON post_queue(user_id);
CREATE INDEX idx_post_queue_scheduled ON post_queue(scheduled_for) WHERE status IN ('pending', 'approved');
CREATE INDEX idx_post_queue_status ON post_queue(status);

-- content_templates: AI prompt templates for different business types
CREATE TABLE content_templates (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  business_type TEXT NOT NULL,
  theme TEXT NOT NULL, -- 'tip', 'promotion', 'seasonal', 'testimonial', 'fun_fact'
  template_text TEXT NOT NULL, -- Prompt template with {placeholders}
  platform TEXT, -- If platform-specific, otherwise NULL = all platforms
  active BOOLEAN DEFAULT true,
  created_at TIMESTAMP DEFAULT NOW()
);

CREATE INDEX idx_templates_type ON content_templates(business_type);

-- stock_photo_cache: Cache Pexels/Unsplash photos to avoid repeat API calls
CREATE TABLE stock_photo_cache (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  business_type TEXT NOT NULL,
  search_query TEXT NOT NULL,
  photo_url TEXT NOT NULL,
  photographer_name TEXT,
  photographer_url TEXT,
  source TEXT NOT NULL CHECK (source IN ('pexels', 'unsplash')),
  cached_at TIMESTAMP DEFAULT NOW(),
  UNIQUE(business_type, photo_url)
);

CREATE INDEX idx_stock_cache_type ON stock_photo_cache(business_type);
