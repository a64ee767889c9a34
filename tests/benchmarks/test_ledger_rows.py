"""The rows of the ledger: how they judge, and that what is not whole is no success. Nothing is measured."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.measuring import CONTROL, Samples
from benchmarks.row import Row, Setting
from benchmarks.rows import ROWS, dossier, governed_save, ledger_million, ledger_writes
from tests.benchmarks.contenders import sample

SETTING = Setting(quick=False, directory=Path("unused"))
MILLION = 1_000_000
ASKED = {"median": 1.0, "p95": 2.0, "p99": 3.0, "entries": MILLION}


def run(seconds: float, answer: Any = None) -> list[Any]:
    return [sample(seconds, answer)] * 3


def million(*, slow: float = 5.0, seconds: float = 5.0, findings: int = 0) -> Samples:
    """As a million entries may come out: the slow proof in milliseconds, the check in seconds."""
    found = {"leaves": MILLION, "findings": findings, "checkpoints": 489, "signatures": 1}
    return {
        ledger_million.PROOFS: run(2.0, {**ASKED, "p95": slow}),
        ledger_million.LOOKUPS: run(1.0, ASKED),
        ledger_million.LOOKUPS + CONTROL: run(1.0, ASKED),
        ledger_million.CHECK: run(seconds, found),
        ledger_million.HASHES: run(3.0),
        ledger_million.HASHES + CONTROL: run(3.0),
        ledger_million.SIGNATURES: run(0.5, ledger_million.SIGNED),
    }


def saves(*, ours: float, theirs: float, entries: int = 2_000) -> Samples:
    return {
        governed_save.GOVERNED: run(ours, entries),
        governed_save.PLAIN: run(1.0, 0),
        governed_save.PLAIN + CONTROL: run(1.0, 0),
        governed_save.HISTORY: run(theirs, 2_031),
        governed_save.PLAIN_THERE: run(1.0, 0),
    }


def writes(*, outbox: float, chain: float = 100.0, numbered: int = 50_000, seconds: float = 5.0) -> Samples:
    """Commits a second, where a plain UPDATE makes a thousand."""
    return {
        ledger_writes.OUTBOX: run(10.0, outbox),
        ledger_writes.PLAIN: run(10.0, 1_000.0),
        ledger_writes.PLAIN + CONTROL: run(10.0, 1_000.0),
        ledger_writes.CHAIN: run(10.0, chain),
        ledger_writes.INTEGRATOR: run(seconds, numbered),
    }


def seals(*, slow: float = 0.5, rate: float = 2_000.0) -> Samples:
    answer = {"rate": rate, "p50": 0.2, "p99": slow, "most": 2.0, "entries": 40_000}
    return {ledger_writes.SEAL: run(20.0, answer)}


def dossiers(
    *, built: float = 1.0, verified: float = 0.3, scripted: float = 0.3, entries: int = 251
) -> Samples:
    return {
        dossier.BUILD: run(built),
        dossier.VERIFY: run(verified, entries),
        dossier.SCRIPT: run(scripted, entries),
        dossier.HASHES: run(0.1),
        dossier.HASHES + CONTROL: run(0.1),
    }


PROOFS, CHECK = ledger_million.PROOFS_ROW, ledger_million.CHECK_ROW
WRITES, INTEGRATOR, SEAL = ledger_writes.WRITES_ROW, ledger_writes.INTEGRATOR_ROW, ledger_writes.SEAL_ROW
SAVE, DOSSIER = governed_save.ROW, dossier.ROW


@pytest.mark.parametrize(
    ("row", "samples", "met"),
    [
        pytest.param(PROOFS, million(slow=5.0), True, id="proofs"),
        pytest.param(PROOFS, million(slow=5.1), False, id="slow proofs"),
        pytest.param(CHECK, million(seconds=5.0), True, id="check"),
        pytest.param(CHECK, million(seconds=5.1), False, id="slow check"),
        pytest.param(SAVE, saves(ours=1.8, theirs=2.8), True, id="save"),
        pytest.param(SAVE, saves(ours=1.9, theirs=4.0), False, id="slow save"),
        pytest.param(SAVE, saves(ours=1.8, theirs=2.7), False, id="save near the peer's"),
        pytest.param(WRITES, writes(outbox=800.0), True, id="outbox"),
        pytest.param(WRITES, writes(outbox=790.0), False, id="outbox far below a plain UPDATE"),
        pytest.param(WRITES, writes(outbox=800.0, chain=300.0), False, id="outbox near a chain"),
        pytest.param(INTEGRATOR, writes(outbox=2_000.0), True, id="integrator"),
        pytest.param(INTEGRATOR, writes(outbox=2_100.0), False, id="slow integrator"),
        pytest.param(SEAL, seals(slow=1.0), True, id="seal"),
        pytest.param(SEAL, seals(slow=1.1), False, id="slow seal"),
        pytest.param(DOSSIER, dossiers(), True, id="dossier"),
        pytest.param(DOSSIER, dossiers(built=1.1), False, id="dossier built slowly"),
        pytest.param(DOSSIER, dossiers(verified=0.31), False, id="dossier verified slowly"),
        pytest.param(DOSSIER, dossiers(scripted=0.31), False, id="dossier verified slowly by the script"),
    ],
)
def test_a_goal_is_met_up_to_its_limit_and_not_beyond(row: Row, samples: Samples, met: bool) -> None:
    found = row.judge(SETTING, samples)

    assert (found.met, found.right) == (met, True)


@pytest.mark.parametrize(
    ("row", "samples", "said"),
    [
        pytest.param(CHECK, million(findings=1), "NOT every leaf was found whole", id="a finding"),
        pytest.param(SAVE, saves(ours=1.0, theirs=2.8, entries=1_999), "NOT every save", id="a save"),
        pytest.param(INTEGRATOR, writes(outbox=10.0, numbered=49_999), "NOT every one", id="an entry"),
        pytest.param(SEAL, seals(rate=1_900.0), "did NOT reach 2,000", id="too few commits"),
        pytest.param(DOSSIER, dossiers(entries=249), "NOT every entry is in it", id="an entry of a dossier"),
    ],
)
def test_what_is_fast_and_not_whole_is_no_success(row: Row, samples: Samples, said: str) -> None:
    found = row.judge(SETTING, samples)

    assert (found.right, said in found.sentence) == (False, True)


def test_the_rows_are_those_of_the_benchmark() -> None:
    assert {PROOFS, CHECK, SAVE, WRITES, INTEGRATOR, SEAL, DOSSIER} <= set(ROWS)
