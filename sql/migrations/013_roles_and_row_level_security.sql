-- Who may do what. Three roles: postagent_worker (flows), postagent_dashboard (what an owner sees; bound by row-level
-- security to auth.uid()), postagent_access (login and sessions only). Roles belong to the whole server, so they may
-- stand already. auth.uid() exists on Supabase and is made elsewhere.

DO $$
DECLARE
  role_name text;
BEGIN
  FOREACH role_name IN ARRAY ARRAY['postagent_worker', 'postagent_dashboard', 'postagent_access'] LOOP
    BEGIN
      IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role_name) THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOBYPASSRLS', role_name);
      END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL; -- another database of this server was first
    END;
    IF NOT pg_has_role(current_user, role_name, 'MEMBER') THEN
      EXECUTE format('GRANT %I TO CURRENT_USER', role_name);
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', role_name);
  END LOOP;
END $$;

CREATE SCHEMA IF NOT EXISTS auth;
DO $$
BEGIN
  IF to_regprocedure('auth.uid()') IS NULL THEN
    CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $fn$
      SELECT nullif(coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'), '')::uuid
    $fn$;
  END IF;
  GRANT USAGE ON SCHEMA auth TO postagent_worker, postagent_dashboard, postagent_access;
EXCEPTION WHEN insufficient_privilege THEN
  NULL; -- Supabase owns the schema and lets everybody use it
END $$;

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE businesses ENABLE ROW LEVEL SECURITY;
ALTER TABLE connected_accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE media_library ENABLE ROW LEVEL SECURITY;
ALTER TABLE post_queue ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_preferences ENABLE ROW LEVEL SECURITY;
ALTER TABLE publish_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE publish_handles ENABLE ROW LEVEL SECURITY;
ALTER TABLE post_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE content_generations ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics_daily ENABLE ROW LEVEL SECURITY;
ALTER TABLE location_metrics ENABLE ROW LEVEL SECURITY;
ALTER TABLE dashboard_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE quarantined_rows ENABLE ROW LEVEL SECURITY; -- no policy: only the owner of the tables reads it

-- Owners: their own rows, nothing else. (SELECT auth.uid()) is evaluated once a statement, not once a row.
CREATE POLICY users_own ON users FOR ALL TO postagent_dashboard USING (id = (SELECT auth.uid()));
-- schema.md shows this policy by name: an adopted database may have it.
DROP POLICY IF EXISTS users_own_business ON businesses;
CREATE POLICY users_own_business ON businesses FOR ALL TO postagent_dashboard USING (user_id = (SELECT auth.uid()));
CREATE POLICY users_own_accounts ON connected_accounts FOR ALL TO postagent_dashboard USING (user_id = (SELECT auth.uid()));
CREATE POLICY users_own_media ON media_library FOR ALL TO postagent_dashboard USING (user_id = (SELECT auth.uid()));
CREATE POLICY users_own_posts ON post_queue FOR ALL TO postagent_dashboard USING (user_id = (SELECT auth.uid()));
CREATE POLICY users_own_analytics ON analytics FOR ALL TO postagent_dashboard USING (user_id = (SELECT auth.uid()));
CREATE POLICY users_own_preferences ON user_preferences FOR ALL TO postagent_dashboard USING (user_id = (SELECT auth.uid()));
CREATE POLICY users_own_attempts ON publish_attempts FOR ALL TO postagent_dashboard USING (user_id = (SELECT auth.uid()));
CREATE POLICY users_own_events ON post_events FOR ALL TO postagent_dashboard USING (user_id = (SELECT auth.uid()));
CREATE POLICY users_own_generations ON content_generations FOR ALL TO postagent_dashboard USING (user_id = (SELECT auth.uid()));
CREATE POLICY users_own_daily ON analytics_daily FOR ALL TO postagent_dashboard USING (user_id = (SELECT auth.uid()));
CREATE POLICY users_own_location ON location_metrics FOR ALL TO postagent_dashboard USING (user_id = (SELECT auth.uid()));

GRANT SELECT (id, email, plan_tier, status, trial_ends_at, created_at) ON users TO postagent_dashboard;
GRANT SELECT ON businesses, media_library, post_queue, analytics, user_preferences, publish_attempts, post_events,
  content_generations, analytics_daily, location_metrics TO postagent_dashboard;
GRANT SELECT (id, user_id, platform, account_id, account_name, token_expires_at, status, status_reason, login_provider,
  connected_at, last_refreshed_at) ON connected_accounts TO postagent_dashboard;
GRANT UPDATE (content, hashtags, media_url, media_id, link_url, call_to_action, alt_text, scheduled_for, status, retry_count,
  approved_at, approved_by, error_message, next_attempt_at) ON post_queue TO postagent_dashboard;
GRANT INSERT (post_id, user_id, from_status, to_status, actor, reason, details) ON post_events TO postagent_dashboard;

-- Workers: every tenant, only the tables and columns that their work needs.
CREATE POLICY worker_users ON users FOR ALL TO postagent_worker USING (true);
CREATE POLICY worker_businesses ON businesses FOR ALL TO postagent_worker USING (true);
CREATE POLICY worker_accounts ON connected_accounts FOR ALL TO postagent_worker USING (true);
CREATE POLICY worker_media ON media_library FOR ALL TO postagent_worker USING (true);
CREATE POLICY worker_posts ON post_queue FOR ALL TO postagent_worker USING (true);
CREATE POLICY worker_analytics ON analytics FOR ALL TO postagent_worker USING (true);
CREATE POLICY worker_preferences ON user_preferences FOR ALL TO postagent_worker USING (true);
CREATE POLICY worker_attempts ON publish_attempts FOR ALL TO postagent_worker USING (true);
CREATE POLICY worker_handles ON publish_handles FOR ALL TO postagent_worker USING (true);
CREATE POLICY worker_events ON post_events FOR ALL TO postagent_worker USING (true);
CREATE POLICY worker_generations ON content_generations FOR ALL TO postagent_worker USING (true);
CREATE POLICY worker_daily ON analytics_daily FOR ALL TO postagent_worker USING (true);
CREATE POLICY worker_location ON location_metrics FOR ALL TO postagent_worker USING (true);

GRANT SELECT (id, email, plan_tier, status, trial_ends_at, created_at, updated_at) ON users TO postagent_worker;
GRANT SELECT ON businesses, connected_accounts, media_library, post_queue, analytics, user_preferences, content_templates,
  stock_photo_cache, publish_attempts, publish_handles, post_events, content_generations, analytics_daily,
  location_metrics, job_runs TO postagent_worker;
GRANT UPDATE (access_token_encrypted, refresh_token_encrypted, token_expires_at, status, status_reason, refresh_after,
  last_refreshed_at) ON connected_accounts TO postagent_worker;
GRANT INSERT, UPDATE ON post_queue, publish_attempts, content_generations, analytics_daily, location_metrics, job_runs,
  stock_photo_cache TO postagent_worker;
GRANT INSERT ON analytics TO postagent_worker;
GRANT INSERT, UPDATE, DELETE ON publish_handles TO postagent_worker;
GRANT INSERT (post_id, user_id, from_status, to_status, actor, reason, details) ON post_events TO postagent_worker;

-- Login and sessions.
CREATE POLICY access_users ON users FOR SELECT TO postagent_access USING (true);
CREATE POLICY access_sessions ON dashboard_sessions FOR ALL TO postagent_access USING (true);
GRANT SELECT (id, email, password_hash, status) ON users TO postagent_access;
GRANT SELECT, INSERT, UPDATE, DELETE ON dashboard_sessions, login_attempts TO postagent_access;
