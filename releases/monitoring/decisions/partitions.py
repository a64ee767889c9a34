"""The days of decisions in the database: SQL for the migration that makes them.

The partitions lie in a schema of their own, which the application has no right to look into; it writes and
reads through the parent table. The two acts that take the owner's rights are functions: making days, and
taking decisions of a day away. The second asks like the ledger's guard for an entry of the running
transaction in each channel's stream, so that nothing goes without a word; and takes nothing that is young
enough to be reported again.

A landed migration runs what stands here, so it is never edited.
"""

OLDEST_DAYS = 91
"""Decisions at least so many days old may go; nothing of that age is taken any more."""

EXPIRE_DAY = f"""\
CREATE FUNCTION decision_days_expire(expired date, channels uuid[], kept uuid[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
    first timestamptz := expired::timestamp AT TIME ZONE 'UTC';
    last timestamptz := (expired + 1)::timestamp AT TIME ZONE 'UTC';
    name text := 'decision_' || to_char(expired, 'YYYYMMDD');
    channel uuid;
    gone bigint;
BEGIN
    IF last > now() - interval '{OLDEST_DAYS} days' THEN
        RAISE EXCEPTION 'decisions of % are kept: they are younger than {OLDEST_DAYS} days', expired;
    END IF;
    FOREACH channel IN ARRAY channels LOOP
        IF NOT EXISTS (
            SELECT 1 FROM (
                SELECT entry.id, entry.xid, entry.document ->> 'type' AS event FROM public.entry AS entry
                WHERE entry.stream = 'channel:' || channel ORDER BY entry.stream_seq DESC LIMIT 1
            ) AS newest
            JOIN public.pending AS pending ON pending.entry_id = newest.id
            WHERE newest.xid = pg_current_xact_id() AND newest.event = 'decisions.expired'
        ) THEN
            RAISE EXCEPTION 'ledger guard: decisions of channel % expire without an entry', channel
                USING ERRCODE = 'CSG01';
        END IF;
    END LOOP;
    IF EXISTS (
        SELECT 1 FROM public.releases_decision AS row WHERE row.at >= first AND row.at < last
        AND (row.id = ANY (kept) OR NOT row.channel_id = ANY (channels))
    ) THEN
        DELETE FROM public.releases_decision AS row WHERE row.at >= first AND row.at < last
        AND row.channel_id = ANY (channels) AND NOT row.id = ANY (kept);
        GET DIAGNOSTICS gone = ROW_COUNT;
        RETURN gone;
    END IF;
    SELECT count(*) INTO gone FROM public.releases_decision AS row WHERE row.at >= first AND row.at < last;
    IF to_regclass('decision_days.' || name) IS NOT NULL THEN
        EXECUTE format('ALTER TABLE public.releases_decision DETACH PARTITION decision_days.%I', name);
        EXECUTE format('DROP TABLE decision_days.%I', name);
    END IF;
    RETURN gone;
END $$;"""  # noqa: S608 - constants of this module alone

FUNCTIONS = f"""
CREATE SCHEMA decision_days;
REVOKE ALL ON SCHEMA decision_days FROM PUBLIC;

CREATE FUNCTION decision_days_make(days date[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted date;
    name text;
BEGIN
    FOREACH wanted IN ARRAY days LOOP
        name := 'decision_' || to_char(wanted, 'YYYYMMDD');
        CONTINUE WHEN to_regclass('decision_days.' || name) IS NOT NULL;
        PERFORM pg_advisory_xact_lock(hashtext('decision_days'));
        -- Asked of the table: the cache of names may not know yet what another transaction has committed.
        CONTINUE WHEN EXISTS (
            SELECT 1 FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = 'decision_days' AND c.relname = name
        );
        -- Attached rather than made as a partition: that would lock all other reports out meanwhile.
        EXECUTE format(
            'CREATE TABLE decision_days.%I (LIKE public.releases_decision INCLUDING DEFAULTS '
            'INCLUDING CONSTRAINTS INCLUDING STORAGE)', name);
        EXECUTE format(
            'ALTER TABLE public.releases_decision ATTACH PARTITION decision_days.%I '
            'FOR VALUES FROM (%L) TO (%L)',
            name, to_char(wanted, 'YYYY-MM-DD') || ' 00:00:00+00',
            to_char(wanted + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
    END LOOP;
END $$;

{EXPIRE_DAY}

CREATE FUNCTION decision_keys_forget(before timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    IF before > now() - interval '{OLDEST_DAYS} days' THEN
        RAISE EXCEPTION 'keys from % on are kept: a decision could come twice', before;
    END IF;
    DELETE FROM public.releases_decisionkey AS key WHERE key.id IN (
        SELECT old.id FROM public.releases_decisionkey AS old WHERE old.at < before
        AND NOT EXISTS (
            SELECT 1 FROM public.releases_decision AS row WHERE row.id = old.id AND row.at = old.at
        )
        LIMIT 50000
    );
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

REVOKE ALL ON FUNCTION decision_days_make(date[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION decision_days_expire(date, uuid[], uuid[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION decision_keys_forget(timestamptz) FROM PUBLIC;
"""  # noqa: S608 - constants of this module alone

DROP_FUNCTIONS = """
DROP FUNCTION decision_days_make(date[]);
DROP FUNCTION decision_days_expire(date, uuid[], uuid[]);
DROP FUNCTION decision_keys_forget(timestamptz);
DROP SCHEMA decision_days;
"""


def _remade(shape: str, key: str, before_rows: str, after_rows: str) -> str:
    """The table in another shape, with the rows, foreign keys and indexes that it had."""
    return f"""
DO $$
DECLARE
    found record;
    wanted text;
    statements text[] := '{{}}';
BEGIN
    FOR found IN
        SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
        WHERE conrelid = 'public.releases_decision'::regclass AND contype = 'f' AND conparentid = 0
        ORDER BY conname
    LOOP
        statements := statements || format(
            'ALTER TABLE public.releases_decision ADD CONSTRAINT %I %s', found.conname, found.definition);
    END LOOP;
    FOR found IN
        SELECT replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') AS definition FROM pg_index
        WHERE indrelid = 'public.releases_decision'::regclass AND NOT indisprimary
    LOOP
        statements := statements || found.definition;
    END LOOP;
    ALTER TABLE public.releases_decision RENAME TO releases_decision_before;
    CREATE TABLE public.releases_decision (
        LIKE public.releases_decision_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE
    ) {shape};
    {before_rows}
    INSERT INTO public.releases_decision SELECT * FROM public.releases_decision_before;
    {after_rows}
    DROP TABLE public.releases_decision_before;
    ALTER TABLE public.releases_decision ADD CONSTRAINT releases_decision_pkey PRIMARY KEY ({key});
    FOREACH wanted IN ARRAY statements LOOP
        EXECUTE wanted;
    END LOOP;
END $$;
"""  # noqa: S608 - constants of this module alone


INTO_DAYS = _remade(
    "PARTITION BY RANGE (at)",
    "id, at",
    """
    PERFORM public.decision_days_make(ARRAY(
        SELECT DISTINCT (at AT TIME ZONE 'UTC')::date FROM public.releases_decision_before));
    """,
    "INSERT INTO public.releases_decisionkey (id, at) SELECT id, at FROM public.releases_decision_before;",
)

INTO_ONE = _remade("", "id", "", "")
