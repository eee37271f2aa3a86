-- Dashboards read rollups. A day's row is made from the latest snapshot of each post published on that day (in the
-- owner's zone), never from the sum of snapshots. Google tells numbers a location and day, which stand by themselves.

CREATE TABLE analytics_daily (
  user_id UUID NOT NULL,
  account_id UUID NOT NULL,
  platform TEXT NOT NULL CHECK (platform IN ('google', 'facebook', 'instagram')),
  day DATE NOT NULL,
  posts INTEGER NOT NULL DEFAULT 0 CHECK (posts >= 0),
  reach BIGINT NOT NULL DEFAULT 0,
  impressions BIGINT NOT NULL DEFAULT 0,
  clicks BIGINT NOT NULL DEFAULT 0,
  likes BIGINT NOT NULL DEFAULT 0,
  comments BIGINT NOT NULL DEFAULT 0,
  shares BIGINT NOT NULL DEFAULT 0,
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, account_id, day),
  CONSTRAINT analytics_daily_account_tenant_fkey FOREIGN KEY (user_id, account_id, platform)
    REFERENCES connected_accounts (user_id, id, platform) ON DELETE CASCADE
);

CREATE TABLE location_metrics (
  user_id UUID NOT NULL,
  account_id UUID NOT NULL,
  platform TEXT NOT NULL CHECK (platform IN ('google', 'facebook', 'instagram')),
  day DATE NOT NULL,
  metric TEXT NOT NULL,
  value BIGINT NOT NULL CHECK (value >= 0),
  fetched_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, account_id, day, metric),
  CONSTRAINT location_metrics_account_tenant_fkey FOREIGN KEY (user_id, account_id, platform)
    REFERENCES connected_accounts (user_id, id, platform) ON DELETE CASCADE
);

ALTER TABLE post_queue ADD COLUMN metrics_due_at TIMESTAMPTZ;
COMMENT ON COLUMN post_queue.metrics_due_at IS 'When the next snapshot is to be taken; thins with age; NULL = no more';
CREATE INDEX idx_post_queue_metrics_due ON post_queue(metrics_due_at) WHERE metrics_due_at IS NOT NULL;

-- Health by age of work done, not by "process is up".
CREATE TABLE job_runs (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  job TEXT NOT NULL,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  finished_at TIMESTAMPTZ,
  succeeded BOOLEAN,
  summary TEXT
);
CREATE INDEX idx_job_runs_job ON job_runs(job, started_at DESC);
