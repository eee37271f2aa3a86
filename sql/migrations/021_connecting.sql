-- Owners connect their accounts themselves. A place (a Page, a location, a professional account) belongs to one owner at
-- a time, and that is decided here and not by a question asked before: two owners may press the button at once. The token
-- of an account that its owner disconnected is the empty text, as access_token_encrypted is never NULL by contract.

ALTER TABLE connected_accounts
  ADD COLUMN place TEXT GENERATED ALWAYS AS (regexp_replace(account_id, '^accounts/[^/]+/', '')) STORED,
  ADD COLUMN is_duplicate BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN granted_by TEXT,
  ADD COLUMN disconnected_at TIMESTAMPTZ;
COMMENT ON COLUMN connected_accounts.place IS 'account_id without the Google account through which a location is reached: several reach the same one';
COMMENT ON COLUMN connected_accounts.is_duplicate IS 'Somebody else held the place already when the rule of one owner came; both stay as they were';
COMMENT ON COLUMN connected_accounts.granted_by IS 'The platform''s id of the person who connected it, where it tells one: Meta''s callbacks and revoking go by it';
COMMENT ON COLUMN connected_accounts.disconnected_at IS 'The owner took the connection back then: no tokens, posts wait; NULL = connected, or broken';

-- Nobody can tell here which of two owners is the right one: the first keeps the place, nothing of the others is touched.
UPDATE connected_accounts SET is_duplicate = true WHERE id IN (
  SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY platform, place ORDER BY status <> 'active', connected_at, id) AS turn
                  FROM connected_accounts) ranked WHERE turn > 1);
CREATE UNIQUE INDEX connected_accounts_place_key ON connected_accounts(platform, place)
  WHERE disconnected_at IS NULL AND NOT is_duplicate;
CREATE INDEX idx_connected_accounts_granted_by ON connected_accounts(granted_by) WHERE granted_by IS NOT NULL;
ALTER TABLE connected_accounts ADD CONSTRAINT connected_accounts_disconnected_check CHECK (disconnected_at IS NULL
  OR (access_token_encrypted = '' AND refresh_token_encrypted IS NULL AND status <> 'active'));

-- The dashboard writes tokens and never reads them.
GRANT SELECT (place, disconnected_at) ON connected_accounts TO postagent_dashboard;
GRANT INSERT (id, user_id, platform, account_id, account_name, access_token_encrypted, refresh_token_encrypted,
  token_expires_at, login_provider, granted_by, connected_at) ON connected_accounts TO postagent_dashboard;
GRANT UPDATE (account_id, account_name, access_token_encrypted, refresh_token_encrypted, token_expires_at, status,
  status_reason, refresh_after, refreshing_until, last_refreshed_at, login_provider, granted_by, is_duplicate,
  disconnected_at)
  ON connected_accounts TO postagent_dashboard;

-- The one way for the dashboard to get at tokens: they are gone from the row when it has them, and it needs them only to
-- take the access back at the platform. A person's permission covers all that they connected: while another account of
-- theirs, whoever's it is here, lives on it, it must not be taken back.
CREATE FUNCTION disconnect_account(wanted UUID, reason TEXT)
RETURNS TABLE (platform TEXT, login_provider TEXT, account_id TEXT, access_token_encrypted TEXT, refresh_token_encrypted TEXT,
  permission_is_shared BOOLEAN)
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  WITH mine AS (
    SELECT * FROM connected_accounts WHERE id = wanted AND user_id = auth.uid() AND disconnected_at IS NULL FOR UPDATE),
  gone AS (
    UPDATE connected_accounts a SET access_token_encrypted = '', refresh_token_encrypted = NULL, token_expires_at = NULL,
      status = 'revoked', status_reason = reason, refresh_after = NULL, refreshing_until = NULL,
      disconnected_at = clock_timestamp()
    FROM mine WHERE a.id = mine.id)
  SELECT mine.platform, mine.login_provider, mine.account_id, mine.access_token_encrypted, mine.refresh_token_encrypted,
    EXISTS (SELECT 1 FROM connected_accounts o
      WHERE o.id <> mine.id AND o.disconnected_at IS NULL
        AND coalesce(nullif(o.login_provider, 'instagram'), o.platform)
          = coalesce(nullif(mine.login_provider, 'instagram'), mine.platform)
        AND (o.granted_by = mine.granted_by
          OR (o.user_id = mine.user_id AND (o.granted_by IS NULL OR mine.granted_by IS NULL))))
  FROM mine
$$;
REVOKE EXECUTE ON FUNCTION disconnect_account(UUID, TEXT) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION disconnect_account(UUID, TEXT) TO postagent_dashboard;

-- Somebody is on their way to a platform and back. The row is bound to the session that sent them; its state opens it
-- once. What the platform gave (tokens, and what can be chosen) is kept sealed until the choice is made.
CREATE TABLE connect_attempts (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  session_id UUID NOT NULL REFERENCES dashboard_sessions(id) ON DELETE CASCADE,
  service TEXT NOT NULL,
  reconnects UUID,
  state_hash TEXT NOT NULL UNIQUE,
  verifier_encrypted TEXT NOT NULL,
  findings_encrypted TEXT,
  granted_by TEXT,
  started_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  returned_at TIMESTAMPTZ
);
COMMENT ON COLUMN connect_attempts.service IS 'google, facebook, instagram, or instagram-facebook (Instagram through Facebook''s login)';
COMMENT ON COLUMN connect_attempts.reconnects IS 'The account whose connection is to be mended; no reference, as it may go meanwhile';
COMMENT ON COLUMN connect_attempts.returned_at IS 'When the state was used; from then on expires_at is the end of the choice';
CREATE INDEX idx_connect_attempts_user ON connect_attempts(user_id);
CREATE INDEX idx_connect_attempts_session ON connect_attempts(session_id);
ALTER TABLE connect_attempts ENABLE ROW LEVEL SECURITY;
CREATE POLICY access_connect_attempts ON connect_attempts FOR ALL TO postagent_access USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON connect_attempts TO postagent_access;
