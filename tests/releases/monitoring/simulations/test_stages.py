"""Two hundred simulated guarded stages: how often triggers act where nothing is wrong, and how soon
where something is. Rates and delays are shown, so that a change of them is seen.
"""

import math
import sys
from collections.abc import Callable
from datetime import datetime
from statistics import median

import numpy as np
import pytest
from scipy.stats import binom

from releases.monitoring.triggers.backtest import Spell
from releases.monitoring.watching.soundness import RATIO_ALPHA
from releases.statistics.sequential import log_sample_ratio_e_value
from tests.releases.monitoring.simulations.rollouts import (
    BEGAN,
    CHANGED,
    HARMED,
    PEOPLE,
    SOUND,
    WINDOWS,
    Rates,
    Stage,
    compared,
    disagreeing,
    harmed,
    minutes_to,
    sequential_spells,
    slow,
    stage,
)

pytestmark = pytest.mark.slow

Said = Callable[[str], None]
SpellsOf = Callable[[Stage], list[Spell]]
STAGES = 200
ALPHA = 0.05


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Shows a line also of a test that passes."""

    def show(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n  {line}")

    return show


def test_where_nothing_is_wrong_sequential_triggers_act_no_more_often_than_alpha_allows(said: Said) -> None:
    most = int(binom.ppf(0.99, STAGES, ALPHA))

    acted = sum(bool(sequential_spells(stage(seed))) for seed in range(STAGES))

    said(
        f"{acted} of {STAGES} sound stages were taken back or held; at most {most} are expected of alpha .05"
    )
    assert (most, acted <= most) == (18, True)


def test_where_nothing_is_wrong_the_p95_trigger_rarely_acts(said: Said) -> None:
    acted = sum(bool(slow(stage(10_000 + seed)).spells) for seed in range(STAGES))

    said(f"{acted} of {STAGES} sound stages tripped p95 latency, whose p95 lies at 347 of 400 ms")
    assert acted <= 18


def test_an_improvement_never_trips() -> None:
    better = Rates(retry=0.04, not_accepted=0.08, error=0.001, disagreement=0.05, latency_ms=90)

    acted = [seed for seed in range(60) if sequential_spells(stage(20_000 + seed, better, better))]
    slower = [seed for seed in range(60) if slow(stage(20_000 + seed, better, better)).spells]

    assert (acted, slower) == ([], [])


def _retry(found: Stage) -> list[Spell]:
    return list(compared("retry_spike", found.shares("retry")).spells)


def _error(found: Stage) -> list[Spell]:
    return list(compared("error_rate", found.shares("error")).spells)


def _disagreement(found: Stage) -> list[Spell]:
    return list(disagreeing(found).spells)


def _latency(found: Stage) -> list[Spell]:
    return list(slow(found).spells)


def _segment(found: Stage) -> list[Spell]:
    return list(compared("segment_degrades", found.segment(HARMED)).spells)


WORSE = [
    ("retries up by 15 points", harmed(retry=0.27), _retry),
    ("errors up by 6 points", harmed(error=0.07), _error),
    ("one segment of 10 % refused 40 points more often", harmed(segment=0.40), _segment),
    ("stacks disagree in 35 % instead of 17 %", harmed(disagreement=0.35), _disagreement),
    ("the median latency rises from 180 to 300 ms", harmed(latency_ms=300), _latency),
]


def _delays(spells_of: SpellsOf, before: Rates, after: Rates, began: datetime) -> list[float]:
    """Minutes until it was detected, shortest first; those of 50 stages in which it was."""
    stages = [stage(30_000 + seed, after, before) for seed in range(50)]
    found = [minutes_to(spells_of(one), began) for one in stages]
    return sorted(one for one in found if one is not None)


def _told(what: str, delays: list[float]) -> str:
    last = delays[math.ceil(0.9 * len(delays)) - 1]
    return f"{what}: {len(delays)} of 50 detected, after {median(delays):.0f} minutes, 90 % by {last:.0f}"


@pytest.mark.parametrize(("what", "worse", "spells_of"), WORSE, ids=[one[0] for one in WORSE])
def test_a_candidate_that_is_worse_is_detected(
    what: str, worse: Rates, spells_of: SpellsOf, said: Said
) -> None:
    delays = _delays(spells_of, worse, worse, BEGAN)

    said(_told(what, delays))
    assert len(delays) >= 49


def test_what_gets_worse_only_after_hours_is_detected_later(said: Said) -> None:
    """What was sound for four hours speaks for the candidate in the first bet, and in none since."""
    what, worse, spells_of = WORSE[0]

    delays = _delays(spells_of, SOUND, worse, CHANGED)

    said(_told(f"{what}, after four sound hours", delays))
    assert len(delays) >= 49
    assert median(delays) <= 100


def _ratio_alarms(seed: int, kept: float) -> bool:
    """Whether the split looks wrong after any of the windows, where the candidate keeps so many people."""
    random = np.random.default_rng(seed)
    seen = np.zeros(3)
    rates = np.array([PEOPLE * kept, PEOPLE, 2 * PEOPLE])
    for _ in range(WINDOWS):
        seen += random.poisson(rates)
        if log_sample_ratio_e_value(seen.tolist(), [0.25, 0.25, 0.5]) >= math.log(1 / RATIO_ALPHA):
            return True
    return False


def test_a_fair_split_rarely_looks_wrong_and_one_that_loses_people_always_does(said: Said) -> None:
    fair = sum(_ratio_alarms(40_000 + seed, kept=1.0) for seed in range(STAGES))
    lossy = sum(_ratio_alarms(50_000 + seed, kept=0.85) for seed in range(50))

    said(
        f"{fair} of {STAGES} fair splits alarmed; {lossy} of 50 that lose 15 % of the candidate's people did"
    )
    assert fair <= int(binom.ppf(0.99, STAGES, RATIO_ALPHA))
    assert lossy == 50
