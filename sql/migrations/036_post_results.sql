-- Pages ask how posts of a theme, an hour or a year did. Reading the latest of ten snapshots for each of a hundred thousand
-- posts takes seconds, so what counts of a post, its latest snapshot, is kept as one narrow row. The database keeps it, so
-- that no writer can forget it, and one that comes late with an older snapshot changes nothing.

CREATE TABLE post_results (
  post_id UUID PRIMARY KEY,
  user_id UUID NOT NULL,
  platform TEXT NOT NULL CHECK (platform IN ('google', 'facebook', 'instagram')),
  theme TEXT,
  published_at TIMESTAMPTZ NOT NULL,
  reach INTEGER NOT NULL DEFAULT 0,
  impressions INTEGER NOT NULL DEFAULT 0,
  clicks INTEGER NOT NULL DEFAULT 0,
  likes INTEGER NOT NULL DEFAULT 0,
  comments INTEGER NOT NULL DEFAULT 0,
  shares INTEGER NOT NULL DEFAULT 0,
  engagement_rate NUMERIC(5, 2),
  fetched_at TIMESTAMPTZ NOT NULL,
  CONSTRAINT post_results_post_tenant_fkey FOREIGN KEY (user_id, post_id)
    REFERENCES post_queue (user_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN post_results.engagement_rate IS 'NULL = nobody was reached, which is no rate of zero';
CREATE INDEX idx_post_results_owner_time ON post_results(user_id, published_at DESC, post_id);

CREATE FUNCTION keep_post_results() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO post_results (post_id, user_id, platform, theme, published_at, reach, impressions, clicks, likes, comments,
                            shares, engagement_rate, fetched_at)
  SELECT DISTINCT ON (p.id) p.id, p.user_id, p.platform, p.theme, coalesce(p.published_at, p.scheduled_for), s.reach,
         s.impressions, s.clicks, s.likes, s.comments, s.shares, s.engagement_rate, s.fetched_at
  FROM snapshots s JOIN post_queue p ON p.id = s.post_id
  ORDER BY p.id, s.fetched_at DESC, s.id DESC
  ON CONFLICT (post_id) DO UPDATE SET reach = EXCLUDED.reach, impressions = EXCLUDED.impressions, clicks = EXCLUDED.clicks,
    likes = EXCLUDED.likes, comments = EXCLUDED.comments, shares = EXCLUDED.shares,
    engagement_rate = EXCLUDED.engagement_rate, fetched_at = EXCLUDED.fetched_at
  WHERE EXCLUDED.fetched_at >= post_results.fetched_at;
  RETURN NULL;
END $$;
CREATE TRIGGER analytics_results AFTER INSERT ON analytics REFERENCING NEW TABLE AS snapshots
  FOR EACH STATEMENT EXECUTE FUNCTION keep_post_results();

INSERT INTO post_results (post_id, user_id, platform, theme, published_at, reach, impressions, clicks, likes, comments,
                          shares, engagement_rate, fetched_at)
SELECT DISTINCT ON (p.id) p.id, p.user_id, p.platform, p.theme, coalesce(p.published_at, p.scheduled_for), s.reach,
       s.impressions, s.clicks, s.likes, s.comments, s.shares, s.engagement_rate, s.fetched_at
FROM analytics s JOIN post_queue p ON p.id = s.post_id
ORDER BY p.id, s.fetched_at DESC, s.id DESC;

ALTER TABLE post_results ENABLE ROW LEVEL SECURITY;
CREATE POLICY users_own_results ON post_results FOR ALL TO postagent_dashboard USING (user_id = (SELECT auth.uid()));
CREATE POLICY worker_results ON post_results FOR ALL TO postagent_worker USING (true);
GRANT SELECT ON post_results TO postagent_dashboard;
GRANT SELECT, INSERT, UPDATE ON post_results TO postagent_worker;
