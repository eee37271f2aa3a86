-- Runs once in the migrated template. A copy of it can be given back as it was born, which is ten times as fast as making
-- another copy: its rows are deleted, unless a test changed the schema or left much behind.
CREATE SCHEMA test_reuse;
CREATE TABLE test_reuse.changes (command text NOT NULL);
CREATE TABLE test_reuse.sequences AS
  SELECT format('%I.%I', schemaname, sequencename)::regclass AS sequence, coalesce(last_value, start_value) AS value,
    last_value IS NOT NULL AS is_called
  FROM pg_sequences WHERE schemaname = 'public';
CREATE TABLE test_reuse.tables (name regclass NOT NULL, born_with regclass);

DO $$
DECLARE
  found regclass;
  filled boolean;
BEGIN
  FOR found IN SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', found) INTO filled;
    IF filled THEN
      EXECUTE format('CREATE TABLE test_reuse.%I AS TABLE %s', found::text, found);
    END IF;
    INSERT INTO test_reuse.tables
    VALUES (found, CASE WHEN filled THEN format('test_reuse.%I', found::text)::regclass END);
  END LOOP;
END
$$;

-- True when the database is as it was born; false when it is easier to make another.
CREATE FUNCTION test_reuse.reset() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  one record;
BEGIN
  IF EXISTS (SELECT FROM test_reuse.changes) THEN
    RETURN false;
  END IF;
  IF EXISTS (SELECT FROM test_reuse.tables WHERE pg_relation_size(name) > 1000000) THEN
    RETURN false;
  END IF;
  PERFORM set_config('session_replication_role', 'replica', true);  -- no triggers, no foreign keys
  FOR one IN SELECT name, born_with FROM test_reuse.tables LOOP
    EXECUTE format('DELETE FROM %s', one.name);
    IF one.born_with IS NOT NULL THEN
      EXECUTE format('INSERT INTO %s OVERRIDING SYSTEM VALUE TABLE %s', one.name, one.born_with);
    END IF;
  END LOOP;
  PERFORM setval(sequence, value, is_called) FROM test_reuse.sequences;
  PERFORM pg_stat_reset();
  RETURN true;
END
$$;

CREATE FUNCTION test_reuse.note_change() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO test_reuse.changes VALUES (tg_tag);
END
$$;
CREATE EVENT TRIGGER test_reuse_change ON ddl_command_end EXECUTE FUNCTION test_reuse.note_change();
