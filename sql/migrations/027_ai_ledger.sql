-- What every call to a language model cost: reserved before it is made, settled after it. A tenant's month is the sum of
-- its rows: settled ones count what they cost, open ones what they may cost until their time is over (who died after
-- reserving must not block the month), and a settlement that comes late counts all the same. Nothing but this sum is
-- kept, so that there is nothing that could drift from it.

ALTER TABLE content_generations ADD CONSTRAINT content_generations_tenant_key UNIQUE (user_id, id);

CREATE TABLE ai_calls (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  generation_id UUID,
  month DATE NOT NULL,
  model TEXT NOT NULL,
  batch BOOLEAN NOT NULL DEFAULT false,
  price_date DATE NOT NULL,
  reserved NUMERIC(16, 10) NOT NULL CHECK (reserved >= 0),
  reserved_until TIMESTAMPTZ NOT NULL,
  outcome TEXT CHECK (outcome IN ('answered', 'not_billed', 'unknown')),
  settled_at TIMESTAMPTZ,
  input_tokens INTEGER NOT NULL DEFAULT 0 CHECK (input_tokens >= 0),
  cached_tokens INTEGER NOT NULL DEFAULT 0 CHECK (cached_tokens >= 0),
  cache_write_tokens INTEGER NOT NULL DEFAULT 0 CHECK (cache_write_tokens >= 0),
  output_tokens INTEGER NOT NULL DEFAULT 0 CHECK (output_tokens >= 0),
  cost NUMERIC(16, 10) CHECK (cost >= 0),
  created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT ai_calls_tenant_key UNIQUE (user_id, id),
  CONSTRAINT ai_calls_settled_check CHECK ((settled_at IS NULL) = (cost IS NULL) AND (settled_at IS NULL) = (outcome IS NULL)),
  CONSTRAINT ai_calls_generation_tenant_fkey FOREIGN KEY (user_id, generation_id)
    REFERENCES content_generations (user_id, id) ON DELETE SET NULL (generation_id)
);
COMMENT ON COLUMN ai_calls.month IS 'First day of the month (UTC) whose budget it belongs to: the one in which it was reserved';
COMMENT ON COLUMN ai_calls.price_date IS 'Since when the price holds that it was counted at (models/ai_prices.toml)';
COMMENT ON COLUMN ai_calls.outcome IS 'not_billed = it never reached a model; unknown = the answer was lost, so that all that was reserved counts';
CREATE INDEX idx_ai_calls_budget ON ai_calls(user_id, month);
CREATE INDEX idx_ai_calls_month ON ai_calls(month);
CREATE INDEX idx_ai_calls_generation ON ai_calls(generation_id) WHERE generation_id IS NOT NULL;

-- What writing costs us is no business of the owners: no policy for the dashboard.
ALTER TABLE ai_calls ENABLE ROW LEVEL SECURITY;
CREATE POLICY worker_ai_calls ON ai_calls FOR ALL TO postagent_worker USING (true);
GRANT SELECT, INSERT, UPDATE ON ai_calls TO postagent_worker;
