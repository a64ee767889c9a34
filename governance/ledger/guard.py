"""The guard: PostgreSQL refuses to commit a change of a governed row without an entry.

A deferred constraint trigger on every governed table asks at COMMIT whether the newest entry of the
changed row's stream was written by this very transaction and is still in ``pending``. The join matters:
after a restore transaction ids repeat, and an old entry must not vouch for a new change; an entry of the
running transaction is always still pending. Only the newest entry is looked at, so that the price does not
grow with the stream; it is this transaction's own if there is one, because nobody else can have numbered
a later one meanwhile. Triggers are ENABLE ALWAYS, so a replica role does not pass.
"""

GUARD_FUNCTION = r"""
CREATE OR REPLACE FUNCTION ledger_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    prefix text := TG_ARGV[0];
    aggregate text := TG_ARGV[1];
    is_now text;
    was text;
    wanted text;
BEGIN
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        is_now := prefix || ':' || (to_jsonb(NEW) ->> aggregate);
    END IF;
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        was := prefix || ':' || (to_jsonb(OLD) ->> aggregate);
    END IF;
    -- Every row but one that was moved to another stream is asked about once.
    FOREACH wanted IN ARRAY CASE
        WHEN TG_OP = 'DELETE' OR was = is_now THEN ARRAY[was]
        WHEN TG_OP = 'INSERT' THEN ARRAY[is_now]
        ELSE ARRAY[is_now, was]
    END LOOP
        IF NOT EXISTS (
            SELECT 1 FROM (
                SELECT entry.id, entry.xid FROM public.entry AS entry
                WHERE entry.stream = wanted ORDER BY entry.stream_seq DESC LIMIT 1
            ) AS newest
            JOIN public.pending AS pending ON pending.entry_id = newest.id
            WHERE newest.xid = pg_current_xact_id()
        ) THEN
            RAISE EXCEPTION 'ledger guard: % of %.% has no entry of stream % in this transaction',
                TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME, wanted
                USING ERRCODE = 'CSG01',
                HINT = 'Change governed rows through a service decorated with @verb.';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
"""

FUNCTIONS = rf"""
{GUARD_FUNCTION}
CREATE FUNCTION ledger_no_truncate() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    RAISE EXCEPTION 'ledger guard: %.% is never truncated', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'CSG02';
END $$;
"""

DROP_FUNCTIONS = "DROP FUNCTION ledger_guard(); DROP FUNCTION ledger_no_truncate();"

GUARD = "ledger_guard"
NO_TRUNCATE = "ledger_no_truncate"
GUARD_VIOLATION = "CSG01"


def guard_sql(table: str, prefix: str, column: str, *, update_of: tuple[str, ...] = ()) -> str:
    """SQL that puts the guard on ``table``, whose rows belong to the stream ``prefix:<column>``.

    ``update_of`` limits updates to those columns (accounts leave out ``last_login``).
    """
    update = f"UPDATE OF {', '.join(update_of)}" if update_of else "UPDATE"
    return f"""
CREATE CONSTRAINT TRIGGER {GUARD} AFTER INSERT OR {update} OR DELETE ON {table}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_guard('{prefix}', '{column}');
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {GUARD};
{no_truncate_sql(table)}
"""


def no_truncate_sql(table: str) -> str:
    """SQL that makes TRUNCATE of ``table`` fail."""
    return f"""
CREATE TRIGGER {NO_TRUNCATE} BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_no_truncate();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {NO_TRUNCATE};
"""


def unguard_sql(table: str) -> str:
    """SQL that takes the guard off again, for the reverse of a migration."""
    return f"DROP TRIGGER {GUARD} ON {table}; DROP TRIGGER {NO_TRUNCATE} ON {table};"


DOCUMENT = """
CREATE FUNCTION ledger_document(body bytea) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT convert_from(body, 'UTF8')::jsonb $$;
"""
"""Reads an entry's body as jsonb for the generated column; UTF-8 and JSON never change: it is immutable."""

DROP_DOCUMENT = "DROP FUNCTION ledger_document(bytea)"
