"""The guard against every way of writing (L6): refused without an entry, accepted with one."""

import psycopg
import pytest
from django.db import DatabaseError, transaction

from governance.access.models import Account
from governance.access.services import create_first_administrator
from governance.actors import command_actor
from governance.identifiers import new_id
from governance.ledger.models import Entry
from governance.registry.models import Channel, System
from tests.governance.ledger.acts import person, rename_silently, rename_two
from tests.governance.ledger.reading import (
    OWNER,
    SUPERUSER,
    append,
    connected_as,
    refused_as,
    refused_transaction,
)
from tests.governance.ledger.writes import CHECKED_AT_COMMIT, WRITES, Write, unsaved_channel

RENAME = "UPDATE governance_system SET name = 'Changed'"
# What append_entry writes, for connections that are not Django's.
PLANT = """
INSERT INTO entry (id, stream, stream_seq, body, at)
SELECT gen_random_uuid(), stream, stream_seq + 1, '{"type": "planted"}', now() FROM entry
"""
QUEUE = "INSERT INTO pending (entry_id) SELECT id FROM entry ORDER BY stream_seq DESC LIMIT 1"


def state() -> list[tuple[object, ...]]:
    return [*System.objects.values_list("id", "name"), *Channel.objects.values_list("id", "name")]


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_change_without_an_entry_is_refused_at_commit(system: System, write: Write) -> None:
    before = state()

    with refused_transaction():
        write(system)

    assert state() == before


@pytest.mark.parametrize("write", CHECKED_AT_COMMIT.values(), ids=CHECKED_AT_COMMIT)
def test_a_change_with_an_entry_of_its_stream_is_accepted(system: System, write: Write) -> None:
    before = Entry.objects.count()

    with transaction.atomic():
        append(write(system))

    assert Entry.objects.count() == before + 1


def test_a_fixture_with_an_entry_before_it_is_accepted(system: System) -> None:
    """``loaddata`` checks every constraint itself, before the transaction ends."""
    with transaction.atomic():
        append(system.stream())
        WRITES["fixture"](system)

    assert System.objects.get().name == "Changed"


def test_a_change_in_autocommit_is_refused(system: System) -> None:
    with pytest.raises(DatabaseError, match="ledger guard"):
        System.objects.update(name="Changed")

    assert System.objects.get().name != "Changed"


def test_one_entry_does_not_cover_another_row_of_the_same_statement(system: System) -> None:
    first, second = unsaved_channel(system, "android"), unsaved_channel(system, "ios")

    with refused_transaction(second.stream()):
        Channel.objects.bulk_create([first, second])
        append(first.stream())

    assert not Channel.objects.exists()


@pytest.mark.parametrize("kept", ["old", "new"])
def test_a_row_that_moves_to_another_stream_needs_an_entry_in_both(system: System, kept: str) -> None:
    streams = {"old": system.stream(), "new": f"system:{new_id()}"}
    (missing,) = set(streams) - {kept}

    with refused_transaction(streams[missing]):
        System.objects.update(id=streams["new"].removeprefix("system:"))
        append(streams[kept])

    assert System.objects.get().id == system.id


def test_a_row_that_moves_with_an_entry_in_both_streams_is_accepted(system: System) -> None:
    moved = new_id()

    with transaction.atomic():
        System.objects.update(id=moved)
        append(system.stream())
        append(f"system:{moved}")

    assert System.objects.get().id == moved


def test_an_entry_in_another_stream_does_not_help(system: System, other_system: System) -> None:
    with refused_transaction():
        System.objects.filter(id=system.id).update(name="Changed")
        append(other_system.stream())

    assert not System.objects.filter(name="Changed").exists()


def test_the_message_names_table_stream_and_remedy(system: System) -> None:
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        System.objects.update(name="Changed")

    assert f"UPDATE of public.governance_system has no entry of stream {system.stream()}" in str(caught.value)
    assert isinstance(caught.value.__cause__, psycopg.Error)
    assert caught.value.__cause__.sqlstate == "CSG01"
    assert "@verb" in str(caught.value.__cause__.diag.message_hint)


def test_a_verb_that_forgets_its_entry_in_one_stream_stores_nothing(
    system: System, other_system: System
) -> None:
    before = (state(), Entry.objects.count())

    with pytest.raises(RuntimeError, match=f"no entry of stream {other_system.stream()}"):
        rename_two(person(), first=system, second=other_system, name="Changed")

    assert (state(), Entry.objects.count()) == before


def test_a_verb_that_forgets_its_entry_altogether_stores_nothing(system: System) -> None:
    with pytest.raises(RuntimeError, match="without its own entry"):
        rename_silently(person(), system=system, name="Changed")

    assert System.objects.get().name != "Changed"


def test_signing_in_changes_an_account_without_an_entry_and_nothing_else_does(committed_db: str) -> None:
    account = create_first_administrator(
        command_actor("operator"), username="admin", password="plum-orchard-at-dusk"
    )

    Account.objects.update(last_login=account.created_at)
    with pytest.raises(DatabaseError, match="ledger guard"):
        Account.objects.update(password="stolen")

    assert Account.objects.get().last_login == account.created_at
    assert Account.objects.get().password == account.password


@pytest.mark.parametrize("user", [OWNER, SUPERUSER])
def test_a_migration_or_an_administrator_is_bound_like_everybody(system: System, user: str) -> None:
    with refused_as(user) as other:
        other.execute(RENAME)

    assert System.objects.get().name != "Changed"


def test_a_replica_role_does_not_pass(system: System) -> None:
    with refused_as(SUPERUSER) as other:
        other.execute("SET session_replication_role = replica")
        other.execute(RENAME)

    assert System.objects.get().name != "Changed"


def test_a_replica_role_with_an_entry_is_accepted(system: System, committed_db: str) -> None:
    with connected_as(SUPERUSER, committed_db) as other:
        other.execute("SET session_replication_role = replica")
        other.execute(RENAME)
        other.execute(PLANT)
        other.execute(QUEUE)

    assert System.objects.get().name == "Changed"


@pytest.mark.parametrize("user", [OWNER, SUPERUSER])
@pytest.mark.parametrize("table", ["governance_system", "governance_account", "releases_release", "entry"])
def test_truncate_is_refused(system: System, user: str, table: str) -> None:
    with refused_as(user, "never truncated") as other:
        other.execute(f"TRUNCATE {table} CASCADE".encode())

    assert System.objects.count() == Entry.objects.count() == 1


def test_a_truncate_that_cascades_from_a_table_without_guard_is_refused(system: System) -> None:
    with refused_as(OWNER, "never truncated") as other:
        other.execute("TRUNCATE governance_idempotencyrecord, governance_system CASCADE")

    assert System.objects.count() == 1
