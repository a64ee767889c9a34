"""The planner never contradicts the gate: the impossible never passes, and what it calls enough does."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from releases.gates.judging.context import Context
from releases.gates.planning.assumptions import Assumption
from releases.gates.planning.outlook import Line, Outlook
from releases.gates.planning.samples import Sample, even_sample, sample_of
from releases.gates.vocabulary.cuts import Strata
from releases.gates.vocabulary.specs import ClusteredSpec
from releases.scores.strata import Label
from releases.statistics.clusters import ClusterPlan
from releases.statistics.decisions import Decision, Minima, Verdict, decide_paired, decide_rate
from releases.statistics.max_errors import MaxErrorsResult, MaxErrorsRule, decide_max_errors
from releases.statistics.paired import PairedCounts, compare_paired
from releases.statistics.rates import RateCounts, bound_rate
from tests.examples import EXAMPLES
from tests.releases.gates.contexts import LIVE, Rows, context, judged, paired_spec, pooled_spec, timed
from tests.releases.gates.planning.plans import ALL_USERS, apcer, line, plan, table, written

searched = settings(deadline=None, derandomize=True, database=None, max_examples=4 * EXAMPLES)
NO_ERRORS = Assumption(rate=0.0, discordance=0.0)
LIMITS = st.sampled_from([0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.3])
ICC = st.sampled_from([0.2, 0.5, 1.0])


@st.composite
def shares(draw: st.DrawFn) -> tuple[int, ...]:
    """As many captures of each subject as evenness allows."""
    subjects = draw(st.integers(1, 120))
    presentations = draw(st.integers(subjects, 6 * subjects))
    each, more = divmod(presentations, subjects)
    return (each + 1,) * more + (each,) * (subjects - more)


def agrees(found: Line, decision: Decision) -> bool:
    """Impossible never passes, and enough always does, when not a single error or difference is seen."""
    passes = decision.verdict is Verdict.PASS
    return found.can_pass is passes and (found.outlook is not Outlook.DECIDABLE or passes)


@searched
@given(shares(), LIMITS, ICC, st.integers(2, 30), st.integers(1, 60))
def test_a_rate_without_an_error_passes_exactly_where_the_planner_says(
    rows: tuple[int, ...], limit: float, icc: float, people: int, captures: int
) -> None:
    spec = apcer(limit, planned_icc=icc, min_subjects=people, min_presentations=captures)
    found = line("absolute", spec, written(sum(rows), len(rows)), NO_ERRORS)

    result = bound_rate(RateCounts((0,) * len(rows), rows), ClusterPlan(planned_icc=icc))

    assert agrees(found, decide_rate(result, limit, Minima(people, captures)))


@searched
@given(shares(), LIMITS, ICC)
def test_a_margin_without_a_difference_passes_exactly_where_the_planner_says(
    rows: tuple[int, ...], margin: float, icc: float
) -> None:
    spec = paired_spec(strata={"species": ["print"]}, margin=margin, planned_icc=icc)
    found = line("noninferiority", spec, written(sum(rows), len(rows)), NO_ERRORS)
    none = (0,) * len(rows)

    result = compare_paired(PairedCounts(rows, none, none, none), ClusterPlan(planned_icc=icc))

    assert agrees(found, decide_paired(result, margin, Minima()))


@searched
@given(shares(), st.sampled_from([20, 50, 150, 300]))
def test_a_count_rule_without_an_error_passes_exactly_where_the_planner_says(
    rows: tuple[int, ...], many: int
) -> None:
    spec = {"metric": "apcer", "strata": {"species": ["print"]}, "max_errors": 0, "presentations": many}
    found = line("max_errors", spec, written(sum(rows), len(rows)), NO_ERRORS)

    rate = bound_rate(RateCounts((0,) * len(rows), rows), ClusterPlan())

    assert agrees(found, decide_max_errors(MaxErrorsResult(MaxErrorsRule(0, many), rate), Minima()))


@searched
@given(shares(), LIMITS, st.sampled_from([0.001, 0.005, 0.01, 0.04]))
def test_what_the_planner_asks_for_is_enough(rows: tuple[int, ...], limit: float, rate: float) -> None:
    assumed = Assumption(rate=rate)
    needed = line("absolute", apcer(limit), written(sum(rows), len(rows)), assumed).needed
    wanted = (needed.presentations, needed.subjects) if needed else (10**6, 10**6)

    again = line("absolute", apcer(limit), written(*wanted), assumed)

    # Whole captures of whole people: a few parts in a hundred of the power may be lost to the saw-tooth.
    assert (again.chance or 0) > 0.75 or again.outlook is Outlook.RATES_TOO_HIGH


@searched
@given(shares(), st.sampled_from([0.05, 0.1, 0.15]), st.sampled_from([0.01, 0.02, 0.05, 0.2]))
def test_what_the_planner_asks_of_pairs_is_enough(
    rows: tuple[int, ...], margin: float, discordance: float
) -> None:
    spec = paired_spec(strata={"species": ["print"]}, margin=margin)
    assumed = Assumption(discordance=discordance)
    needed = line("noninferiority", spec, written(sum(rows), len(rows)), assumed).needed
    wanted = (needed.presentations, needed.subjects) if needed else (0, 0)

    again = line("noninferiority", spec, written(*wanted), assumed)

    assert (again.chance or 0) > 0.75  # as with rates


@searched
@given(shares(), ICC)
def test_an_even_plan_weighs_captures_as_the_gate_does(rows: tuple[int, ...], icc: float) -> None:
    sample = even_sample(sum(rows), len(rows), icc, None)

    design = bound_rate(RateCounts((0,) * len(rows), rows), ClusterPlan(planned_icc=icc)).design

    assert sample.n_eff == pytest.approx(design.n_eff)


@dataclass(frozen=True)
class Counted:
    """One stratum as a release was measured on it."""

    sample: Sample
    below: int = 0

    def samples(self, spec: ClusteredSpec) -> dict[str, Sample]:
        return {"print": self.sample}

    def covered(self, label: Label, strata: Strata) -> dict[str, tuple[int, int]]:
        return {}


@st.composite
def uneven(draw: st.DrawFn) -> RateCounts:
    """Some subjects own many captures, errors gather, and some captures name nobody."""
    rows = draw(st.lists(st.sampled_from([1, 1, 1, 2, 5, 20]), min_size=1, max_size=120))
    events = [draw(st.integers(0, n)) if draw(st.booleans()) else 0 for n in rows]
    without = draw(st.integers(0, 20))
    return RateCounts(tuple(events), tuple(rows), draw(st.integers(0, without)), without)


@searched
@given(uneven(), LIMITS, st.sampled_from([0.0, 0.001, 0.01]), st.sampled_from([None, 1.0, 4.0]))
def test_on_measured_captures_of_any_shape_the_planner_does_not_contradict_the_gate(
    counts: RateCounts, limit: float, rate: float, planned_deff: float | None
) -> None:
    cluster = ClusterPlan(planned_deff, 0.2)
    sample = sample_of(bound_rate(counts, cluster).design, 0.2, None, None)
    found = line("absolute", apcer(limit), Counted(sample), Assumption(rate=rate))
    rows = counts.subject_rows

    free = RateCounts((0,) * len(rows), rows, 0, counts.rows_without_cluster)

    assert agrees(found, decide_rate(bound_rate(free, cluster), limit, Minima()))


def attacks(people: int, each: int) -> Rows:
    return [
        (f"print-{place:04}", f"person-{place // each}", "attack", "print", "", "0.9")
        for place in range(people * each)
    ]


def users(people: int) -> Rows:
    return [(f"user-{place:04}", f"person-{place}", "bona_fide", "", "1", "0.1") for place in range(people)]


def both(rows: Rows) -> Context:
    return context(rows, {LIVE: rows})


KINDS: list[tuple[str, dict[str, Any]]] = [
    ("absolute", apcer(0.05)),
    ("noninferiority", paired_spec(strata={"species": ["print"]}, margin=0.05)),
    (
        "max_errors",
        {"metric": "apcer", "strata": {"species": ["print"]}, "max_errors": 0, "presentations": 59},
    ),
]


@pytest.mark.parametrize(("kind", "spec"), KINDS, ids=[kind for kind, _ in KINDS])
@pytest.mark.parametrize(("people", "each"), [(59, 1), (58, 1), (36, 2), (10, 6)])
def test_the_gate_itself_judges_a_table_as_the_planner_foresaw(
    kind: str, spec: dict[str, Any], people: int, each: int
) -> None:
    given_table = both(attacks(people, each))
    on_table = plan(kind, spec, table(given_table), NO_ERRORS).lines[0]
    on_paper = line(kind, spec, written(people * each, people), NO_ERRORS)

    passes = judged(kind, spec, given_table).verdict is Verdict.PASS

    assert (on_table.can_pass, on_paper.can_pass) == (passes, passes)
    assert on_table.document()["n_eff"] == pytest.approx(on_paper.document()["n_eff"])


@pytest.mark.parametrize("people", [58, 59])
def test_the_gate_itself_judges_answer_times_as_the_planner_foresaw(people: int) -> None:
    spec, rows = pooled_spec(budget_ms=500), timed(users(people))
    on_table = plan("latency_quantile", spec, table(both(rows)), NO_ERRORS).lines[0]
    on_paper = line("latency_quantile", spec, written(people, people, ALL_USERS), NO_ERRORS)

    passes = judged("latency_quantile", spec, both(rows)).verdict is Verdict.PASS

    assert (on_table.can_pass, on_paper.can_pass) == (passes, passes)


def test_captures_without_their_subject_are_no_plan() -> None:
    rows = [(row[0], "", *row[2:]) for row in attacks(100, 1)]

    found = plan("absolute", apcer(0.05), table(both(rows)), NO_ERRORS).lines[0]

    assert (found.outlook, found.can_pass) == (Outlook.NO_SUBJECT_IDS, False)
    assert judged("absolute", apcer(0.05), both(rows)).verdict is Verdict.INCONCLUSIVE
