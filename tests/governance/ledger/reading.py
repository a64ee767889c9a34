"""What the tests ask the database, as whom they ask it, and the integrator as a process."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from governance.actors import Actor, acting_as
from governance.ledger.checkpoints import read_head
from governance.ledger.entries import append_entry
from governance.ledger.merkle.hashing import leaf_hash, root_of
from governance.ledger.models import Checkpoint, Entry, Leaf, Pending, SignedCheckpoint, Tile, TreeState
from governance.ledger.signing import generate_key_file
from governance.project.embedded.directories import write_private
from tests.database import servers
from tests.governance.ledger.acts import EVENT, person
from tests.governance.ledger.merkle.trees import tiles_over
from tests.servers import ROOT

SUPERUSER = "postgres"
OWNER = "countersign_owner"
APP = "countersign_app"
INTEGRATOR = "countersign_integrator"
PATIENCE_SECONDS = 60


@contextmanager
def connected_as(user: str, database: str) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """A connection of another database role; commits at the end of the block."""
    other = psycopg.connect(servers().postgres.url(user, database))
    try:
        with other:
            yield other
    finally:
        other.close()  # a COMMIT that is refused leaves it open


@contextmanager
def refused_transaction(match: str = "ledger guard") -> Iterator[None]:
    """A transaction of the application whose COMMIT, or the statement before it, is refused."""
    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        yield


@contextmanager
def refused_as(user: str, match: str = "ledger guard") -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """The same for another database role, in the database of this test."""
    database = str(connection.settings_dict["NAME"])
    with pytest.raises(psycopg.Error, match=match), connected_as(user, database) as other:
        yield other


def append(stream: str, actor: Actor | None = None, **facts: Any) -> Entry:
    """An entry of ``stream`` in the running transaction."""
    with acting_as(actor or person()):
        return append_entry(EVENT, stream, **facts)


def documents(stream: str) -> list[dict[str, Any]]:
    """The entries of a stream as the database reads them, oldest first."""
    rows = Entry.objects.filter(stream=stream).order_by("stream_seq")
    return list(rows.values_list("document", flat=True))


def refusals_of(actor: Actor) -> list[dict[str, Any]]:
    """What was recorded of an actor's refused attempts, oldest first."""
    return documents(f"refusals:{actor.id}")


def numbers_of_streams() -> dict[str, list[int]]:
    """The numbers of every stream, in their order."""
    numbers: dict[str, list[int]] = {}
    for stream, seq in Entry.objects.order_by("stream", "stream_seq").values_list("stream", "stream_seq"):
        numbers.setdefault(stream, []).append(seq)
    return numbers


def gapless(streams: dict[str, list[int]]) -> dict[str, list[int]]:
    """What the numbers should be."""
    return {stream: list(range(1, len(found) + 1)) for stream, found in streams.items()}


def leaf_faults() -> list[str]:
    """Every way in which the leaves differ from the entries; empty when all is well."""
    leaves = list(Leaf.objects.order_by("index").select_related("entry").defer("entry__document"))
    faults = [
        f"index {leaf.index} at place {place}" for place, leaf in enumerate(leaves) if leaf.index != place
    ]
    last: dict[str, int] = {}
    for leaf in leaves:
        if leaf.entry.stream_seq != last.get(leaf.entry.stream, 0) + 1:
            faults.append(f"leaf {leaf.index} is {leaf.entry} after #{last.get(leaf.entry.stream, 0)}")
        last[leaf.entry.stream] = leaf.entry.stream_seq
        if bytes(leaf.hash) != leaf_hash(bytes(leaf.entry.body)):
            faults.append(f"leaf {leaf.index} has another hash than its body")
    counts = (len(leaves), Entry.objects.count(), TreeState.objects.get().size)
    if len(set(counts)) != 1 or Pending.objects.exists():
        faults.append(f"leaves, entries, size: {counts}; pending: {Pending.objects.count()}")
    return faults


def tree_faults() -> list[str]:
    """Every way in which tiles, checkpoints and signatures differ from the leaves; empty when all is well."""
    hashes = [bytes(found) for found in Leaf.objects.order_by("index").values_list("hash", flat=True)]
    tiles = {(tile.level, tile.index): bytes(tile.hashes) for tile in Tile.objects.all()}
    wanted = {(tile.level, tile.index): found for tile, found in tiles_over(hashes).items()}
    faults = [
        f"tile {place}" for place in tiles.keys() | wanted.keys() if tiles.get(place) != wanted.get(place)
    ]
    roots = {one.size: bytes(one.root) for one in Checkpoint.objects.all()}
    faults += [f"checkpoint {size}" for size, root in roots.items() if root != root_of(hashes[:size])]
    notes = {one.checkpoint_id: read_head(one.note.partition("\n\n")[0] + "\n") for one in signed()}
    faults += [
        f"note {size}" for size, head in notes.items() if (head.size, head.root) != (size, roots[size])
    ]
    if hashes and max(roots, default=0) != len(hashes):
        faults.append(f"{len(hashes)} leaves, and the last checkpoint is of {max(roots, default=0)}")
    return faults


def signed() -> list[SignedCheckpoint]:
    """The signed checkpoints, smallest first."""
    return list(SignedCheckpoint.objects.order_by("checkpoint_id"))


def transaction_id() -> str:
    """The id of the running transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text")
        return str(cursor.fetchone()[0])


@contextmanager
def as_integrator() -> Iterator[None]:
    """This process's connection is the integrator's for a while; for tests that commit."""
    given = connection.settings_dict["USER"]
    connection.close()
    connection.settings_dict["USER"] = INTEGRATOR
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["USER"] = given


def let_sign(settings: Settings, directory: Path) -> None:
    """From now on this installation signs, with new keys and a head in the directory."""
    settings.SIGNING_KEY_FILE, settings.LEDGER_HEAD_FILE = directory / "keys", directory / "head"
    write_private(settings.SIGNING_KEY_FILE, generate_key_file("example.org/countersign"))


def tamper(statements: str) -> None:
    """What somebody does who owns the whole database server."""
    with connected_as(SUPERUSER, str(connection.settings_dict["NAME"])) as other:
        other.execute("SET session_replication_role = replica")
        other.execute(statements.encode())


@contextmanager
def integrator(environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """A real integrator that is ready; told to stop at the end of the block unless it has ended."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "manage.py", "run_integrator"],
        cwd=ROOT,
        env={**environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        # A warning may come first; where the process ends, so do its lines.
        assert any("integrator ready" in line for line in process.stdout), "the integrator did not start"
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(PATIENCE_SECONDS)
        process.stdout.close()


def number_the_rest(environment: dict[str, str]) -> None:
    """Run an integrator until nothing waits."""
    subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", "run_integrator", "--once"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )


def eventually(holds: Callable[[], bool], *, every: float = 0.05) -> bool:
    """Whether it comes to hold; a machine may be busy."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(every)
    return held
