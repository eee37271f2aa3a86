-- Engagement metrics, one row a snapshot.

-- analytics: Engagement metrics fetched from platform APIs
CREATE TABLE analytics (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  post_id UUID REFERENCES post_queue(id) ON DELETE CASCADE,
  platform TEXT NOT NULL,
  
  -- Metrics
  reach INTEGER DEFAULT 0, -- People who saw the post
  impressions INTEGER DEFAULT 0, -- Total views (can be > reach)
  clicks INTEGER DEFAULT 0, -- Link clicks / call-to-action
  likes INTEGER DEFAULT 0,
  comments INTEGER DEFAULT 0,
  shares INTEGER DEFAULT 0,
  engagement_rate DECIMAL(5,2), -- (likes + comments + shares) / reach * 100
  
  -- Metadata
  fetched_at TIMESTAMP DEFAULT NOW()
);

CREATE INDEX idx_analytics_post ON analytics(post_id);
