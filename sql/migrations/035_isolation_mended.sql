-- What attacks on the roles found. None of it could be reached by a page: each needs somebody who can already send SQL of
-- their own through one, and then it must still lead nowhere.

-- A function that acts as the owner of the tables must find these tables: "FROM CURRENT" left out pg_temp, which is
-- looked through first unless it is named, so that a temporary table (and its trigger, as the owner) stood in their way.
ALTER FUNCTION disconnect_account(UUID, TEXT) SET search_path = public, pg_temp;
ALTER FUNCTION accounts_granted_by(TEXT, TEXT) SET search_path = public, pg_temp;
ALTER FUNCTION hold_accounts_granted_by(TEXT, TEXT, JSONB) SET search_path = public, pg_temp;
ALTER FUNCTION forget_accounts_granted_by(TEXT, TEXT, JSONB) SET search_path = public, pg_temp;
ALTER FUNCTION account_connected_again() SET search_path = public, pg_temp;
ALTER FUNCTION post_queue_preparation() SET search_path = public, pg_temp;

-- It told everybody whether any post is being published. Whoever changes a post may read its attempts anyway.
ALTER FUNCTION post_is_unsettled(post_queue) SECURITY INVOKER RESET search_path;

-- Nobody of ours makes temporary tables or functions, by which the others could be led astray. (A warning where the
-- database belongs to somebody else.)
DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$;

-- Three references that could have tied a row to another tenant's. Rows that do are set aside or cut loose.
DELETE FROM connect_attempts c USING dashboard_sessions s WHERE s.id = c.session_id AND s.user_id <> c.user_id;
ALTER TABLE dashboard_sessions ADD CONSTRAINT dashboard_sessions_tenant_key UNIQUE (user_id, id);
ALTER TABLE connect_attempts
  DROP CONSTRAINT connect_attempts_session_id_fkey,
  ADD CONSTRAINT connect_attempts_session_tenant_fkey FOREIGN KEY (user_id, session_id)
    REFERENCES dashboard_sessions (user_id, id) ON DELETE CASCADE;

WITH gone AS (
  DELETE FROM content_generations g USING businesses b WHERE b.id = g.business_id AND b.user_id <> g.user_id
  RETURNING to_jsonb(g) AS row_data)
INSERT INTO quarantined_rows (table_name, reason, row_data)
  SELECT 'content_generations', 'business of another owner', row_data FROM gone;
ALTER TABLE content_generations
  DROP CONSTRAINT content_generations_business_id_fkey,
  ADD CONSTRAINT content_generations_business_tenant_fkey FOREIGN KEY (user_id, business_id)
    REFERENCES businesses (user_id, id) ON DELETE CASCADE;

UPDATE post_queue p SET generation_id = NULL
  FROM content_generations g WHERE g.id = p.generation_id AND g.user_id <> p.user_id;
ALTER TABLE post_queue
  DROP CONSTRAINT post_queue_generation_id_fkey,
  ADD CONSTRAINT post_queue_generation_tenant_fkey FOREIGN KEY (user_id, generation_id)
    REFERENCES content_generations (user_id, id) ON DELETE SET NULL (generation_id);
