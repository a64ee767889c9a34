"""The real case: published scores of face liveness systems, judged as the demonstration's policy does.

Every figure in the tables was computed beforehand by other code, to the printed decimals.
"""

from typing import Any

import pytest

from releases.statistics.decisions import (
    Decision,
    Minima,
    Remedy,
    Verdict,
    decide_paired,
    decide_rate,
    worst_verdict,
)
from releases.statistics.multiplicity import worst_bounds
from releases.statistics.paired import PairedResult, compare_paired
from releases.statistics.rates import bound_rate
from tests.releases.statistics.counts import DEMO_PLAN
from tests.releases.statistics.gradgpad import (
    SCORES,
    operating_point,
    paired_counts,
    paired_non_response,
    rate_counts,
)

pytestmark = pytest.mark.skipif(
    not SCORES.exists(), reason="the shared scores of gradgpad are not beside this project"
)

MINIMA = Minima()
SEGMENTS = (*(f"skin_tone {tone}" for tone in range(1, 7)), "sex female", "sex male")
PRINT_AND_REPLAY = ("print_low", "print_medium", "print_high", "replay_low", "replay_medium", "replay_high")
SPECIES = (*PRINT_AND_REPLAY, "mask_paper", "mask_rigid")

LINEAR, RBF, AUXILIARY, TYPES = "quality_linear", "quality_rbf", "auxiliary", "auxiliary_type_i_and_ii"
BALANCED = "quality_rbf_balanced"

STORY: list[tuple[str, str, str, dict[str, Any]]] = [
    (RBF, AUXILIARY, "skin_tone 6", {"n": 87, "b": 21, "c": 3, "d": "+20.7", "L": "+8.4", "U": "+33.7"}),
    (RBF, AUXILIARY, "skin_tone 6", {"baseline": 8, "candidate": 26, "at 7": "fail"}),
    (RBF, AUXILIARY, "mask_rigid", {"n": 180, "b": 58, "c": 26, "d": "+17.8", "L": "-1.1", "U": "+35.5"}),
    (RBF, AUXILIARY, "mask_rigid", {"at 10": "inconclusive"}),
    (RBF, AUXILIARY, "bona_fide", {"n": 2281, "baseline": 440, "candidate": 244}),
    (RBF, TYPES, "skin_tone 6", {"n": 87, "d": "+14.9", "L": "+3.7", "U": "+26.9", "at 7": "inconclusive"}),
    (RBF, TYPES, "skin_tone 6", {"baseline": 8, "candidate": 21, "more at 7": None}),
    (RBF, TYPES, "mask_rigid", {"L": "-0.3", "U": "+40.7", "at 10": "inconclusive", "more at 10": None}),
    (RBF, TYPES, "skin_tone 5", {"n": 129, "baseline": 28, "candidate": 28, "U": "+9.5", "more at 7": 37}),
    (LINEAR, RBF, "bona_fide", {"n": 2281, "baseline": 604, "candidate": 440}),
    (LINEAR, RBF, "skin_tone 2", {"U": "+6.4", "at 7": "pass"}),
    (LINEAR, RBF, "skin_tone 1", {"U": "+5.5", "at 7": "pass"}),
    (LINEAR, RBF, "print", {"at 7": "pass", "at 10": "pass"}),
    (LINEAR, RBF, "replay", {"at 7": "pass", "at 10": "pass"}),
    (LINEAR, RBF, "mask_paper", {"at 7": "pass", "at 10": "pass"}),
    (LINEAR, RBF, "mask_rigid", {"at 7": "pass", "at 10": "pass"}),
]


def paired(baseline: str, candidate: str, name: str) -> PairedResult:
    return compare_paired(paired_counts(baseline, candidate, name), DEMO_PLAN)


def points(share: float | None) -> str:
    assert share is not None
    return f"{100 * share:+.1f}"


def facts(result: PairedResult) -> dict[str, Any]:
    at_7, at_10 = decide_paired(result, 0.07, MINIMA), decide_paired(result, 0.10, MINIMA)
    return {
        "n": result.presentations,
        "b": result.candidate_only,
        "c": result.baseline_only,
        "candidate": result.both + result.candidate_only,
        "baseline": result.both + result.baseline_only,
        "d": points(result.estimate),
        "L": points(result.lower),
        "U": points(result.upper),
        "at 7": at_7.verdict.value,
        "at 10": at_10.verdict.value,
        "more at 7": at_7.more_subjects,
        "more at 10": at_10.more_subjects,
    }


def noninferiority(baseline: str, candidate: str) -> dict[str, Decision]:
    """All paired lines of the demonstration's policy: segments at 7 points, the others at 10."""
    segments = {f"BPCER {s}": (paired_counts(baseline, candidate, s), 0.07) for s in SEGMENTS}
    species = {f"APCER {s}": (paired_counts(baseline, candidate, s), 0.10) for s in SPECIES}
    silence = {
        f"silence {s}": (paired_non_response(baseline, candidate, s), 0.10) for s in (*SEGMENTS, *SPECIES)
    }
    lines = segments | species | silence
    return {
        name: decide_paired(compare_paired(counts, DEMO_PLAN), margin, MINIMA)
        for name, (counts, margin) in lines.items()
    }


def absolute(system: str) -> dict[str, Decision]:
    return {
        name: decide_rate(bound_rate(rate_counts(system, name), DEMO_PLAN), 0.45, MINIMA)
        for name in PRINT_AND_REPLAY
    }


def not_passing(decisions: dict[str, Decision]) -> dict[str, Decision]:
    return {name: decision for name, decision in decisions.items() if decision.verdict is not Verdict.PASS}


@pytest.mark.parametrize(
    ("system", "threshold", "rejected", "rows"),
    [(AUXILIARY, 0.5883780717849731, 245, 2287), (RBF, 0.9780208873963664, 440, 2281)],
)
def test_dev_sets_the_published_threshold_and_test_gives_its_bpcer(
    system: str, threshold: float, rejected: int, rows: int
) -> None:
    counts = rate_counts(system, "bona_fide")

    assert operating_point(system).threshold == threshold
    assert (counts.events, counts.presentations) == (rejected, rows)


@pytest.mark.parametrize(("baseline", "candidate", "name", "expected"), STORY)
def test_each_line_of_the_story_is_reproduced(
    baseline: str, candidate: str, name: str, expected: dict[str, Any]
) -> None:
    found = facts(paired(baseline, candidate, name))

    assert {fact: found[fact] for fact in expected} == expected


@pytest.mark.parametrize("name", ["skin_tone 6", "mask_rigid"])
def test_more_data_will_not_pass_where_the_estimate_is_not_below_the_margin(name: str) -> None:
    margin = {"skin_tone 6": 0.07, "mask_rigid": 0.10}[name]

    decision = decide_paired(paired(RBF, TYPES, name), margin, MINIMA)

    assert decision.remedy is Remedy.MORE_DATA_WILL_NOT_PASS


def test_the_worst_absolute_upper_bound_is_print_medium() -> None:
    worst = worst_bounds({name: rate_counts(RBF, name) for name in PRINT_AND_REPLAY}, DEMO_PLAN)

    assert worst is not None
    assert worst.upper_stratum == "print_medium"
    assert points(worst.upper) == "+41.4"


def test_release_2_passes_every_line_of_the_policy() -> None:
    decisions = noninferiority(LINEAR, RBF) | absolute(RBF)

    assert len(decisions) == 38
    assert not_passing(decisions) == {}


def test_release_3_fails_on_one_line_alone() -> None:
    decisions = noninferiority(RBF, AUXILIARY) | absolute(AUXILIARY)

    failed = [name for name, decision in decisions.items() if decision.verdict is Verdict.FAIL]
    assert failed == ["BPCER skin_tone 6"]
    assert worst_verdict(decision.verdict for decision in decisions.values()) is Verdict.FAIL


def test_release_4_is_inconclusive_on_three_lines() -> None:
    decisions = noninferiority(RBF, TYPES) | absolute(TYPES)

    open_lines = not_passing(decisions)
    assert set(open_lines) == {"BPCER skin_tone 5", "BPCER skin_tone 6", "APCER mask_rigid"}
    assert {decision.verdict for decision in open_lines.values()} == {Verdict.INCONCLUSIVE}
    assert open_lines["BPCER skin_tone 5"].more_subjects == 37


def test_small_steps_each_pass_and_together_fail_which_a_pinned_reference_sees() -> None:
    steps = [
        facts(paired(TYPES, BALANCED, "replay_high")),
        facts(paired(BALANCED, LINEAR, "replay_high")),
        facts(paired(TYPES, LINEAR, "replay_high")),
    ]

    assert [(one["d"], one["at 10"]) for one in steps] == [
        ("+6.8", "pass"),
        ("+7.6", "pass"),
        ("+14.4", "fail"),
    ]
