"""Attempts to get past the guard from inside: old entries, savepoints, shadows, forged ids."""

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction

from governance.ledger.models import Entry
from governance.registry.models import System
from tests.governance.ledger.acts import person, rename
from tests.governance.ledger.reading import (
    SUPERUSER,
    append,
    connected_as,
    refused_as,
    refused_transaction,
    transaction_id,
)

FORGE = """
INSERT INTO entry (id, stream, stream_seq, body, at, xid)
VALUES (gen_random_uuid(), %s, 2, '{"type": "forged"}', now(), %s::xid8)
"""
QUEUE = "INSERT INTO pending (entry_id) SELECT id FROM entry WHERE stream_seq = 2"


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def forge(database: str, stream: str, xid: str, *more: str) -> None:
    """Commit, as the superuser, an entry that claims to be of transaction ``xid``."""
    with connected_as(SUPERUSER, database) as other:
        other.execute(FORGE, (stream, xid))
        for statement in more:
            other.execute(statement.encode())


def test_an_old_entry_with_the_same_transaction_id_does_not_help(system: System, committed_db: str) -> None:
    """As after a restore, when the ids of a new cluster meet those in restored entries."""
    with refused_transaction():
        System.objects.update(name="Changed")
        forge(committed_db, system.stream(), transaction_id())

    assert System.objects.get().name != "Changed"


def test_the_collision_of_ids_in_the_test_above_is_real(system: System, committed_db: str) -> None:
    """Were the forged entry pending too, the guard would take it: only the queue tells the two apart."""
    with transaction.atomic():
        System.objects.update(name="Changed")
        forge(committed_db, system.stream(), transaction_id(), QUEUE)

    assert System.objects.get().name == "Changed"


def test_a_pending_entry_of_an_earlier_transaction_does_not_help(system: System) -> None:
    assert Entry.objects.filter(stream=system.stream(), pending__isnull=False).exists()

    with pytest.raises(DatabaseError, match="ledger guard"):
        System.objects.update(name="Changed")


def test_an_entry_in_a_savepoint_that_is_rolled_back_does_not_help(system: System) -> None:
    with refused_transaction():
        System.objects.update(name="Changed")
        savepoint = transaction.savepoint()
        append(system.stream())
        transaction.savepoint_rollback(savepoint)

    assert System.objects.get().name != "Changed"


def test_checking_early_inside_a_savepoint_does_not_settle_the_change(system: System) -> None:
    with refused_transaction():
        System.objects.update(name="Changed")
        savepoint = transaction.savepoint()
        append(system.stream())
        execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.savepoint_rollback(savepoint)

    assert System.objects.get().name != "Changed"


def test_a_change_in_a_savepoint_with_the_entry_outside_it_is_accepted(system: System) -> None:
    with transaction.atomic():
        append(system.stream())
        with transaction.atomic():
            System.objects.update(name="Changed")

    assert System.objects.get().name == "Changed"


def test_temporary_tables_of_the_same_names_do_not_shadow_the_ledger(system: System) -> None:
    with refused_transaction():
        execute(
            "CREATE TEMP TABLE entry (id uuid, stream text, stream_seq bigint, xid xid8)",
            "CREATE TEMP TABLE pending (entry_id uuid)",
            "INSERT INTO pg_temp.entry SELECT id, 'system:' || id, 9, pg_current_xact_id() "
            "FROM governance_system",
            "INSERT INTO pg_temp.pending SELECT id FROM pg_temp.entry",
            "UPDATE governance_system SET name = 'Changed'",
        )

    assert System.objects.get().name != "Changed"


@pytest.mark.parametrize(
    "statement",
    [
        "SET session_replication_role = replica",
        "ALTER TABLE governance_system DISABLE TRIGGER ledger_guard",
        "DROP TRIGGER ledger_guard ON governance_system",
        "ALTER TABLE governance_system DISABLE TRIGGER ALL",
        "CREATE OR REPLACE FUNCTION public.ledger_guard() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
        "CREATE TABLE public.shadow (id int)",
        "CREATE FUNCTION public.to_jsonb(anyelement) RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb'",
        "INSERT INTO entry (id, stream, stream_seq, body, at, xid) "
        "VALUES (gen_random_uuid(), 's', 1, '{}', now(), '1')",
        "INSERT INTO pending (position, entry_id) SELECT 1, id FROM entry",
        "UPDATE entry SET body = '{}'",
        "DELETE FROM entry",
        "UPDATE pending SET position = 1",
        "DELETE FROM pending",
        "UPDATE blob SET bytes = ''",
        "DELETE FROM blob",
        "INSERT INTO leaf (index, entry_id, hash, sealed_at) SELECT 0, id, '', now() FROM entry",
        "UPDATE leaf SET hash = ''",
        "DELETE FROM leaf",
        "UPDATE tree_state SET size = 0",
        "TRUNCATE governance_system CASCADE",
        "TRUNCATE entry CASCADE",
    ],
)
def test_the_application_may_not(db: None, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        execute(statement)


def test_two_phase_commit_is_checked_like_any_other(system: System) -> None:
    """Either the server has it off, or its PREPARE meets the guard; both leave the row as it was."""
    with refused_as(SUPERUSER, "ledger guard|prepared transactions are disabled") as other:
        other.execute("UPDATE governance_system SET name = 'Changed'")
        other.execute("PREPARE TRANSACTION 'later'")

    assert System.objects.get().name != "Changed"


def test_the_price_of_the_guard_does_not_grow_with_the_stream(system: System, committed_db: str) -> None:
    with connected_as(SUPERUSER, committed_db) as other:
        other.execute(
            "INSERT INTO entry (id, stream, stream_seq, body, at) "
            "SELECT gen_random_uuid(), %s, n, '{}', now() FROM generate_series(2, 20000) n",
            (system.stream(),),
        )
        plan = other.execute(
            "EXPLAIN (ANALYZE, FORMAT JSON) SELECT 1 FROM (SELECT id, xid FROM entry WHERE stream = %s "
            "ORDER BY stream_seq DESC LIMIT 1) newest JOIN pending ON pending.entry_id = newest.id",
            (system.stream(),),
        ).fetchall()

    rename(person(), system=system, name="Changed")

    assert "Seq Scan on entry" not in str(plan)
    assert System.objects.get().name == "Changed"
