-- Whether an account's access still works is looked at before its posts are due, and daily where a token dies without an
-- end that is known (a Facebook Page's). And whoever sets an account active again, by whatever way, must not have to
-- remember what was noted of the connection that was lost.

ALTER TABLE connected_accounts
  ADD COLUMN checked_at TIMESTAMPTZ,
  ADD COLUMN access_ends_at TIMESTAMPTZ;
COMMENT ON COLUMN connected_accounts.checked_at IS 'When a look at the access itself last found it working; other successes prove it too and are not noted here';
COMMENT ON COLUMN connected_accounts.access_ends_at IS 'The platform ends (a part of) the access then, unless the owner connects again; NULL = not known';
GRANT UPDATE (checked_at, access_ends_at) ON connected_accounts TO postagent_worker;
GRANT SELECT (checked_at, access_ends_at) ON connected_accounts TO postagent_dashboard;

CREATE FUNCTION account_connected_again() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  NEW.status_reason := NULL;
  NEW.refresh_after := NULL;
  NEW.refreshing_until := NULL;
  NEW.checked_at := NULL;
  NEW.access_ends_at := NULL;
  UPDATE owner_notices SET resolved_at = clock_timestamp() WHERE account_id = NEW.id AND resolved_at IS NULL;
  PERFORM pg_notify('postagent_due', ''); -- its held posts go on at once
  RETURN NEW;
END $$;
-- As the owner of the tables: who connects (the dashboard, its routes, an operator) needs no right to write notices.
CREATE TRIGGER account_connected_again BEFORE UPDATE OF status ON connected_accounts FOR EACH ROW
  WHEN (OLD.status <> 'active' AND NEW.status = 'active') EXECUTE FUNCTION account_connected_again();
