-- Weeks that are written by a batch (half the price, within a day). The rows are committed before anything is sent, so
-- that a run that dies on the way can be gone on with: by `id`, which the batch carries as metadata, it is found at the
-- service instead of being paid for twice.

CREATE TABLE ai_batches (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  model TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'preparing' CHECK (state IN ('preparing', 'submitted', 'finished', 'dropped')),
  provider_id TEXT UNIQUE,
  input_file_id TEXT,
  error_message TEXT,
  lease_expires_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  finished_at TIMESTAMPTZ
);
COMMENT ON COLUMN ai_batches.state IS 'preparing = it may exist at the service or not; dropped = it certainly does not';
COMMENT ON COLUMN ai_batches.lease_expires_at IS 'A run sends or collects it until then; others keep away';
CREATE INDEX idx_ai_batches_open ON ai_batches(created_at) WHERE state IN ('preparing', 'submitted');

CREATE TABLE ai_batch_requests (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  batch_id UUID NOT NULL REFERENCES ai_batches(id) ON DELETE CASCADE,
  user_id UUID NOT NULL,
  call_id UUID NOT NULL,
  week_start DATE NOT NULL,
  part INTEGER NOT NULL,
  slots JSONB NOT NULL,
  first_at TIMESTAMPTZ NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'used', 'lost')),
  CONSTRAINT ai_batch_requests_week_key UNIQUE (user_id, week_start, part),
  CONSTRAINT ai_batch_requests_call_tenant_fkey FOREIGN KEY (user_id, call_id)
    REFERENCES ai_calls (user_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN ai_batch_requests.id IS 'The custom_id of its line';
COMMENT ON COLUMN ai_batch_requests.part IS 'From 0; a very large week is asked for in several requests';
COMMENT ON COLUMN ai_batch_requests.slots IS 'Which posts it asks for: key, account_id, slot, theme of each';
COMMENT ON COLUMN ai_batch_requests.first_at IS 'When the first of its posts is due';
COMMENT ON COLUMN ai_batch_requests.state IS 'used = its posts are queued; lost = it gave nothing, its week is written by direct calls';
CREATE INDEX idx_ai_batch_requests_batch ON ai_batch_requests(batch_id);
CREATE INDEX idx_ai_batch_requests_call ON ai_batch_requests(call_id);

ALTER TABLE ai_batch_requests ENABLE ROW LEVEL SECURITY;
CREATE POLICY worker_ai_batch_requests ON ai_batch_requests FOR ALL TO postagent_worker USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ai_batches, ai_batch_requests TO postagent_worker;
