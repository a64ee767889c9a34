"""Integrators killed while many write (L3), and the reader that loses entries without any crash (L4)."""

import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from pytest_django import Settings

from governance.ledger.integrator import integrate_all
from governance.ledger.merkle.checking import check_consistency
from governance.ledger.merkle.proofs import consistency_plan
from governance.ledger.models import Checkpoint, Entry, Leaf
from governance.ledger.sealing import seal_newest
from governance.ledger.stored_tree import hashes_of
from governance.registry.models import System
from tests.database import in_threads
from tests.governance.ledger.acts import found, person, rename
from tests.governance.ledger.late import BeyondTheLast
from tests.governance.ledger.reading import (
    PATIENCE_SECONDS,
    as_integrator,
    gapless,
    integrator,
    leaf_faults,
    let_sign,
    numbers_of_streams,
    signed,
    tree_faults,
)
from tests.governance.ledger.test_integrator import write_once

SEED = 20_261_126
WRITERS, STREAMS = 16, 6
KILLS_EACH = 16
WRITES_A_KILL = 10
"""Of each writer at most: on a busy machine integrators start slowly, and writers would go on and on."""


@dataclass
class Kills:
    """How many there were."""

    done: int = 0


def test_a_reader_of_larger_ids_loses_what_commits_late_and_the_integrator_does_not(
    system: System, other_system: System
) -> None:
    reader, is_written, may_commit = BeyondTheLast(), threading.Event(), threading.Event()

    def hold() -> None:
        is_written.set()
        assert may_commit.wait(PATIENCE_SECONDS)

    def overtake() -> None:
        assert is_written.wait(PATIENCE_SECONDS)
        rename(person(), system=other_system, name="Later, and committed first")
        number()
        reader.read()
        may_commit.set()

    assert in_threads(
        lambda: rename(person(), system=system, name="Earlier", meanwhile=hold).name, overtake
    ) == ["Earlier", None]
    number()

    late = Entry.objects.get(stream=system.stream(), stream_seq=2)
    assert reader.lost() == {late.id}
    assert leaf_faults() == []
    assert Leaf.objects.get(entry=late).index == 3


def number() -> None:
    with as_integrator():
        integrate_all()
        seal_newest()


@pytest.mark.slow
def test_integrators_that_are_killed_thirty_times_lose_and_repeat_nothing(
    database_urls: dict[str, str], tmp_path: Path, settings: Settings
) -> None:
    let_sign(settings, tmp_path)
    environment = {
        **database_urls,
        "COUNTERSIGN_SIGNING_KEY_FILE": str(tmp_path / "keys"),
        "COUNTERSIGN_LEDGER_HEAD": str(tmp_path / "head"),
    }
    systems = [found(person(), slug=f"system-{number}") for number in range(STREAMS)]
    reader, is_over, kills = BeyondTheLast(), threading.Event(), Kills()
    killed = threading.Barrier(2, is_over.set)

    one, other, _, *written = in_threads(
        lambda: kill_again_and_again(environment, SEED, kills, killed),
        lambda: kill_again_and_again(environment, SEED + 1, kills, killed),
        lambda: read_until(is_over, reader),
        *(write_until(is_over, systems, SEED + number, kills) for number in range(WRITERS)),
    )
    number()

    changed = Entry.objects.filter(stream__startswith="system:").count() - STREAMS
    assert (one, other, kills.done) == (KILLS_EACH, KILLS_EACH, 2 * KILLS_EACH)
    assert changed == sum(written) > WRITES_A_KILL * WRITERS
    assert numbers_of_streams() == gapless(numbers_of_streams())
    assert leaf_faults() == []
    assert tree_faults() == []
    assert pairs_shown() >= 100
    assert sizes_outside(tmp_path / "head") == sorted(set(sizes_outside(tmp_path / "head")))
    assert {one.checkpoint_id for one in signed()} <= set(sizes_outside(tmp_path / "head"))
    assert len(signed()) > 1
    assert len(reader.lost()) > 0


def write_until(
    is_over: threading.Event, systems: list[System], seed: int, kills: Kills
) -> Callable[[], int]:
    """Renames of one system after the other, of which each third is taken back; some take their time."""
    dice = random.Random(seed)

    def write() -> int:
        total, turn = 0, 0
        while not is_over.wait(dice.choice((0.02, 0.1, 0.4))):
            if turn < WRITES_A_KILL * (kills.done + 2):
                total, turn = total + write_once(dice, dice.choice(systems), turn), turn + 1
        return total

    return write


def read_until(is_over: threading.Event, reader: BeyondTheLast) -> None:
    while not is_over.wait(0.01):
        reader.read()


def kill_again_and_again(
    environment: dict[str, str], seed: int, kills: Kills, both: threading.Barrier
) -> int:
    """Two integrators run side by side nearly always; how many times one was killed while it worked."""
    dice = random.Random(seed)
    try:
        ends = [killed_after(dice.uniform(0, 1.5), environment, kills) for _ in range(KILLS_EACH)]
    finally:
        both.wait()
    return ends.count(-signal.SIGKILL)


def killed_after(seconds: float, environment: dict[str, str], kills: Kills) -> int:
    with integrator(environment) as process:
        time.sleep(seconds)
        process.kill()
    kills.done += 1
    return process.returncode


def sizes_outside(path: Path) -> list[int]:
    """The sizes whose roots were written down outside before they were handed out."""
    return [int(line.split(b" ")[0]) for line in path.read_bytes().splitlines()]


def pairs_shown() -> int:
    """How many pairs of checkpoints were shown to be of one history: neighbours, and some far apart."""
    roots = dict(Checkpoint.objects.order_by("size").values_list("size", "root"))
    sizes, dice = list(roots), random.Random(SEED)
    pairs = [*pairwise(sizes), *(sorted(dice.sample(sizes, 2)) for _ in range(100))]
    for old, new in pairs:
        proof = hashes_of(consistency_plan(old, new))
        check_consistency(old, new, proof, bytes(roots[old]), bytes(roots[new]))
    return len(pairs)
