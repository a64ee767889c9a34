"""The integrator: every committed entry has exactly one leaf, in the order of its stream (L3)."""

import random
import signal
import threading
import time
from collections.abc import Callable

import pytest
from django.db import IntegrityError

from governance.ledger.merkle.hashing import leaf_hash
from governance.ledger.models import Entry, Leaf, Pending
from governance.registry.models import System
from tests.database import in_threads
from tests.governance.ledger.acts import TooLate, found, person, rename, rename_then_refuse
from tests.governance.ledger.reading import (
    INTEGRATOR,
    PATIENCE_SECONDS,
    SUPERUSER,
    connected_as,
    eventually,
    gapless,
    integrator,
    leaf_faults,
    number_the_rest,
    numbers_of_streams,
    refused_as,
    tree_faults,
)

WRITERS = 16
STREAMS = 3
WAITING = """
SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE a.usename = %s AND NOT l.granted AND l.relation = %s::regclass
"""


def writer(number: int, systems: list[System], calls: int) -> Callable[[], int]:
    """Renames one system after the other, every third time in vain and sometimes slowly."""
    dice = random.Random(number)

    def write() -> int:
        return sum(write_once(dice, dice.choice(systems), turn) for turn in range(calls))

    return write


def write_once(dice: random.Random, system: System, turn: int) -> int:
    """One call; answers how many entries it left in the system's stream."""
    rest = dice.choice((0, 0, 0.01))
    try:
        if turn % 3 == 2:
            rename_then_refuse(person(), system=system, name="In vain")
        rename(person(), system=system, name="Renamed", meanwhile=lambda: time.sleep(rest))
    except TooLate:
        return 0
    return 1


def systems() -> list[System]:
    return [found(person(), slug=f"system-{number}") for number in range(STREAMS)]


def test_sixteen_writers_with_rollbacks_leave_gapless_streams_and_two_integrators_one_leaf_each(
    database_urls: dict[str, str],
) -> None:
    shared = systems()

    with integrator(database_urls) as first, integrator(database_urls) as second:
        written = in_threads(*(writer(number, shared, calls=6) for number in range(WRITERS)))
        numbered = eventually(lambda: not Pending.objects.exists())

    changed = Entry.objects.filter(stream__startswith="system:").count() - STREAMS
    assert numbered
    assert (first.returncode, second.returncode) == (0, 0)
    assert changed == sum(written) == WRITERS * 4
    assert numbers_of_streams() == gapless(numbers_of_streams())
    assert leaf_faults() == []
    assert tree_faults() == []


@pytest.mark.slow
def test_an_integrator_that_is_killed_at_any_point_loses_and_repeats_nothing(
    database_urls: dict[str, str], committed_db: str
) -> None:
    shared, stopping = systems(), threading.Event()

    def write_until_told() -> int:
        total = 0
        while not stopping.wait(0.2):
            total += writer(total, shared, calls=3)()
        return total

    [*written, ends] = in_threads(
        write_until_told, write_until_told, lambda: kill_four_times(database_urls, committed_db, stopping)
    )
    number_the_rest(database_urls)

    changed = Entry.objects.filter(stream__startswith="system:").count() - STREAMS
    assert ends == [-signal.SIGKILL] * 4
    assert changed == sum(written) > 0
    assert leaf_faults() == []
    assert tree_faults() == []


def kill_four_times(environment: dict[str, str], database: str, stopping: threading.Event) -> list[int]:
    """Once within each statement of a batch that writes, and once at some moment."""
    dice = random.Random(6)
    try:
        within = [kill_within(table, environment, database) for table in ("leaf", "pending", "tree_state")]
        return [*within, kill_after(dice.uniform(0, 0.5), environment)]
    finally:
        stopping.set()


def kill_within(table: str, environment: dict[str, str], database: str) -> int:
    """kill -9 while the statement that writes to ``table`` runs: a lock of this connection holds it there.

    Once the lock is gone the server ends the statement, and finds nobody to ask for the rest.
    """
    with connected_as(SUPERUSER, database) as holder, connected_as(SUPERUSER, database) as observer:
        observer.autocommit = True
        holder.execute(f"LOCK TABLE {table} IN SHARE MODE".encode())
        with integrator(environment) as process:
            assert eventually(lambda: observer.execute(WAITING, (INTEGRATOR, table)).fetchone() == (1,))
            process.kill()
            status = process.wait(PATIENCE_SECONDS)
    return status


def kill_after(seconds: float, environment: dict[str, str]) -> int:
    with integrator(environment) as process:
        time.sleep(seconds)
        process.kill()
        return process.wait(PATIENCE_SECONDS)


@pytest.mark.slow
def test_an_integrator_waits_for_a_database_that_ended_its_connection(
    system: System, database_urls: dict[str, str], committed_db: str
) -> None:
    with integrator(database_urls) as process:
        with connected_as(SUPERUSER, committed_db) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (INTEGRATOR,)
            )
        rename(person(), system=system, name="Renamed")
        numbered = eventually(lambda: Leaf.objects.count() == 2)

    assert numbered
    assert process.returncode == 0


@pytest.mark.slow
def test_an_entry_that_is_queued_again_keeps_its_leaf_and_stops_nobody(
    system: System, database_urls: dict[str, str]
) -> None:
    number_the_rest(database_urls)
    Pending.objects.create(entry=Entry.objects.get())
    rename(person(), system=system, name="Renamed")

    number_the_rest(database_urls)

    assert leaf_faults() == []
    assert tree_faults() == []
    assert Leaf.objects.count() == 2


def test_the_tree_refuses_a_second_leaf_for_an_entry(system: System, database_urls: dict[str, str]) -> None:
    number_the_rest(database_urls)
    entry = Entry.objects.get()

    with refused_as(INTEGRATOR, "leaf_entry_id_key") as other:
        other.execute(
            "INSERT INTO leaf (index, entry_id, hash, sealed_at) VALUES (1, %s, '', now())", (entry.id,)
        )

    assert Leaf.objects.count() == 1


def test_a_leaf_is_the_hash_of_rfc_6962() -> None:
    """Leaves of the vectors that other implementations use: the empty leaf and "00"."""
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"\0").hex() == "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"


def test_an_entry_is_queued_once(system: System) -> None:
    with pytest.raises(IntegrityError, match="pending_entry_id_key"):
        Pending.objects.create(entry=Entry.objects.get())
