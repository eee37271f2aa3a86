-- Meta tells us that a person removed our app, or wants their data deleted, by the id under which our app knows them.
-- Whoever asks has proved it by Meta's signature and is nobody's session: these two functions are all that they reach.

CREATE TABLE data_deletions (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  code_hash TEXT NOT NULL UNIQUE,
  app TEXT NOT NULL CHECK (app IN ('facebook', 'instagram')),
  accounts INTEGER NOT NULL,
  deleted_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE data_deletions IS 'What became of a request to delete; whose it was is deleted with the rest';
COMMENT ON COLUMN data_deletions.code_hash IS 'SHA-256 of the confirmation code that the person was given';
COMMENT ON COLUMN data_deletions.accounts IS 'How many connections were emptied';
GRANT SELECT, INSERT ON data_deletions TO postagent_access;

-- Which accounts a person connected by one of Meta's two apps. Instagram's own login may name the account itself.
CREATE FUNCTION accounts_granted_by(app TEXT, person TEXT) RETURNS SETOF UUID LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  SELECT id FROM connected_accounts
  WHERE granted_by = person AND platform IN ('facebook', 'instagram')
    AND app = CASE WHEN platform = 'facebook' THEN 'facebook' ELSE coalesce(login_provider, 'instagram') END
  UNION
  SELECT id FROM connected_accounts
  WHERE platform = 'instagram' AND place = person
    AND app = 'instagram' AND coalesce(login_provider, 'instagram') = 'instagram'
$$;
REVOKE EXECUTE ON FUNCTION accounts_granted_by(TEXT, TEXT) FROM PUBLIC;

-- The app was removed: its tokens are dead already, posts wait until the owner connects again.
CREATE FUNCTION hold_accounts_granted_by(app TEXT, person TEXT, reasons JSONB) RETURNS INTEGER
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  WITH held AS (
    UPDATE connected_accounts a SET status = 'revoked', status_reason = reasons ->> a.platform, refresh_after = NULL,
      refreshing_until = NULL
    WHERE a.id IN (SELECT accounts_granted_by(app, person)) AND a.status = 'active' RETURNING 1)
  SELECT count(*)::int FROM held
$$;
REVOKE EXECUTE ON FUNCTION hold_accounts_granted_by(TEXT, TEXT, JSONB) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hold_accounts_granted_by(TEXT, TEXT, JSONB) TO postagent_access;

-- All that the platform told us of the person and their accounts goes: tokens, names, ids. The row stays, empty, as the
-- owner's own posts hang on it.
CREATE FUNCTION forget_accounts_granted_by(app TEXT, person TEXT, reasons JSONB) RETURNS INTEGER
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  WITH begun AS (DELETE FROM connect_attempts WHERE granted_by = person),
  emptied AS (
    UPDATE connected_accounts a SET account_id = 'deleted:' || a.id, account_name = NULL, access_token_encrypted = '',
      refresh_token_encrypted = NULL, token_expires_at = NULL, last_refreshed_at = NULL, granted_by = NULL,
      status = 'revoked', status_reason = reasons ->> a.platform, refresh_after = NULL, refreshing_until = NULL, slowed_until = NULL,
      slowed_reason = NULL, full_until = NULL, disconnected_at = clock_timestamp()
    WHERE a.id IN (SELECT accounts_granted_by(app, person)) RETURNING 1)
  SELECT count(*)::int FROM emptied
$$;
REVOKE EXECUTE ON FUNCTION forget_accounts_granted_by(TEXT, TEXT, JSONB) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_accounts_granted_by(TEXT, TEXT, JSONB) TO postagent_access;
