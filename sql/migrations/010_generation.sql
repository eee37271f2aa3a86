-- One row a generated business-week: what was asked, what it used, what came out. A post remembers its slot, so that a
-- second run of the same week makes nothing twice.

CREATE TABLE content_generations (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  business_id UUID NOT NULL REFERENCES businesses(id) ON DELETE CASCADE,
  week_start DATE NOT NULL,
  model TEXT NOT NULL,
  prompt_version TEXT NOT NULL,
  slots_wanted INTEGER NOT NULL CHECK (slots_wanted >= 0),
  posts_made INTEGER NOT NULL DEFAULT 0 CHECK (posts_made >= 0),
  posts_fallen_back INTEGER NOT NULL DEFAULT 0 CHECK (posts_fallen_back >= 0),
  calls INTEGER NOT NULL DEFAULT 0 CHECK (calls >= 0),
  input_tokens INTEGER NOT NULL DEFAULT 0 CHECK (input_tokens >= 0),
  cached_tokens INTEGER NOT NULL DEFAULT 0 CHECK (cached_tokens >= 0),
  output_tokens INTEGER NOT NULL DEFAULT 0 CHECK (output_tokens >= 0),
  refusals JSONB NOT NULL DEFAULT '[]',
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX idx_content_generations_user ON content_generations(user_id, week_start DESC);
CREATE INDEX idx_content_generations_business ON content_generations(business_id);

ALTER TABLE post_queue
  ADD COLUMN theme TEXT,
  ADD COLUMN slot TEXT,
  ADD COLUMN generation_id UUID REFERENCES content_generations(id) ON DELETE SET NULL,
  ADD CONSTRAINT post_queue_slot_key UNIQUE (account_id, slot);
CREATE INDEX idx_post_queue_generation ON post_queue(generation_id) WHERE generation_id IS NOT NULL;
COMMENT ON COLUMN post_queue.slot IS 'Wall-clock slot in the owner''s zone, "2026-11-24T09:00"; one post an account and slot';
