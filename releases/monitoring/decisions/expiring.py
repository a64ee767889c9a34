"""How days of decisions are made and go while reports and rollbacks go on: SQL for a migration.

Making a day and taking one away lock tables that everybody uses, for a moment; but whoever waits for such a
lock makes all others wait behind it. So nobody waits longer than a fraction of a second here: it gives up,
lets the others pass, and tries again. A day that goes whole is one table that is dropped. From a day that
holds evidence, or decisions which another system keeps, decisions go some at a time.

A landed migration runs what stands here, so it is never edited; what changes it comes with a migration of its
own. The first of these calls ``decision_days_expire``, which takes the ids that go, ``decision_days_thin``.
"""

from releases.monitoring.decisions.partitions import EXPIRE_DAY, OLDEST_DAYS

_QUIET = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms'"
_DROP_EXPIRE = "DROP FUNCTION decision_days_expire(date, uuid[], uuid[]);"

NEW_FUNCTIONS = (
    "decision_days_expire(date, uuid[], uuid[])",
    "decision_days_close(date)",
    "decision_days_drop(date)",
)
"""What the application may call of them."""

EXPIRE_GENTLY = f"""
ALTER FUNCTION decision_days_make(date[]) SET lock_timeout = '300ms';

CREATE FUNCTION decision_days_check(expired date, channels uuid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    channel uuid;
BEGIN
    IF (expired + 1)::timestamp AT TIME ZONE 'UTC' > now() - interval '{OLDEST_DAYS} days' THEN
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
END $$;
REVOKE ALL ON FUNCTION decision_days_check(date, uuid[]) FROM PUBLIC;

{_DROP_EXPIRE}
CREATE FUNCTION decision_days_expire(expired date, channels uuid[], ids uuid[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first timestamptz := expired::timestamp AT TIME ZONE 'UTC';
    last timestamptz := (expired + 1)::timestamp AT TIME ZONE 'UTC';
    gone bigint;
BEGIN
    PERFORM public.decision_days_check(expired, channels);
    -- What is evidence is asked here, under the locks of the channels: it may have become so a moment ago.
    DELETE FROM public.releases_decision AS row WHERE row.at >= first AND row.at < last
    AND row.channel_id = ANY (channels) AND row.id = ANY (ids)
    AND NOT EXISTS (SELECT 1 FROM public.releases_incident AS named WHERE named.decision = row.id)
    AND NOT EXISTS (SELECT 1 FROM public.releases_replaymismatch AS otherwise WHERE otherwise.id = row.id);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION decision_days_expire(date, uuid[], uuid[]) FROM PUBLIC;

-- Takes the table for the running transaction, so that a day can go: before any other lock is held.
CREATE FUNCTION decision_days_close(expired date) RETURNS boolean
LANGUAGE plpgsql {_QUIET} AS $$
BEGIN
    PERFORM public.decision_days_check(expired, '{{}}');
    FOR attempt IN 1..20 LOOP
        BEGIN
            LOCK TABLE ONLY public.releases_decision IN ACCESS EXCLUSIVE MODE;
            RETURN true;
        EXCEPTION WHEN lock_not_available THEN
            PERFORM pg_sleep(0.3);
        END;
    END LOOP;
    RETURN false;
END $$;
REVOKE ALL ON FUNCTION decision_days_close(date) FROM PUBLIC;

CREATE FUNCTION decision_days_drop(expired date) RETURNS void
LANGUAGE plpgsql {_QUIET} AS $$
DECLARE
    first timestamptz := expired::timestamp AT TIME ZONE 'UTC';
    last timestamptz := (expired + 1)::timestamp AT TIME ZONE 'UTC';
    name text := 'decision_' || to_char(expired, 'YYYYMMDD');
    present uuid[];
BEGIN
    -- The channels of the day, each found by the index: to read all rows would take too long under the lock.
    EXECUTE format(
        'WITH RECURSIVE found (id) AS ('
        '(SELECT row.channel_id FROM decision_days.%1$I AS row ORDER BY row.channel_id LIMIT 1) '
        'UNION ALL SELECT (SELECT row.channel_id FROM decision_days.%1$I AS row '
        'WHERE row.channel_id > found.id ORDER BY row.channel_id LIMIT 1) '
        'FROM found WHERE found.id IS NOT NULL) '
        'SELECT coalesce(array_agg(id) FILTER (WHERE id IS NOT NULL), ''{{}}'') FROM found', name)
    INTO present;
    PERFORM public.decision_days_check(expired, present);
    IF EXISTS (
        SELECT 1 FROM public.releases_incident AS named
        JOIN public.releases_decisionkey AS key ON key.id = named.decision
        WHERE key.at >= first AND key.at < last
    ) OR EXISTS (
        SELECT 1 FROM public.releases_replaymismatch AS otherwise
        WHERE otherwise.at >= first AND otherwise.at < last
    ) THEN
        RAISE EXCEPTION 'decisions of % are evidence', expired;
    END IF;
    EXECUTE format('DROP TABLE decision_days.%I', name);
END $$;
REVOKE ALL ON FUNCTION decision_days_drop(date) FROM PUBLIC;
"""  # noqa: S608 - constants of these modules alone

EXPIRE_AS_BEFORE = f"""
ALTER FUNCTION decision_days_make(date[]) RESET lock_timeout;
DROP FUNCTION decision_days_drop(date);
DROP FUNCTION decision_days_close(date);
{_DROP_EXPIRE}
DROP FUNCTION decision_days_check(date, uuid[]);
{EXPIRE_DAY}
REVOKE ALL ON FUNCTION decision_days_expire(date, uuid[], uuid[]) FROM PUBLIC;
"""
