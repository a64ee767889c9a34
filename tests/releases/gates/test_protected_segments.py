"""Protected segments in force are judged whether the policy names them or not, and every result says so."""

from dataclasses import replace
from typing import Any

from governance.registry.services import define_segment
from releases.gates.models import GateEvaluation
from releases.gates.policies.services import CriterionInput
from tests.factories.cast import Cast, actor
from tests.factories.gates import SMALL, Gate, criteria, locked_policy, segment

GOOD = {"print": 2, "mask": 2, "1": 2, "6": 2}


def lines(evaluation: GateEvaluation, key: str) -> list[dict[str, Any]]:
    found = next(one for one in evaluation.result["criteria"] if one["key"] == key)
    return list(found["strata"])


def added(evaluation: GateEvaluation, key: str) -> set[str]:
    return {next(iter(line["stratum"].values())) for line in lines(evaluation, key) if line.get("added")}


def forgetful(gate: Gate) -> None:
    """A policy that names skin tone 1 alone, in force from now on."""
    locked_policy(gate.cast, criteria(replace(SMALL, segments=("skin_tone_1",)), gate.live), name="forgetful")


def everybody(cast: Cast) -> None:
    """A protected segment that was defined after the policy was locked."""
    segment(cast, "skin_tone", "5")


def test_a_policy_that_names_all_of_them_gains_none(small: Gate) -> None:
    revision = small.candidate("second")
    small.scored(revision, GOOD)

    evaluation = small.evaluated(revision)

    assert evaluation.inputs["added_segments"] == []
    assert added(evaluation, "bpcer_live") == set()


def test_a_protected_segment_that_the_policy_forgot_is_judged_under_the_same_limit(small: Gate) -> None:
    forgetful(small)
    revision = small.candidate("second")
    small.scored(revision, {**GOOD, "6": 30})

    evaluation = small.evaluated(revision)

    six = next(
        line for line in lines(evaluation, "bpcer_live") if line["stratum"] == {"segment": "skin_tone_6"}
    )
    assert evaluation.verdict == "fail"
    assert (six["verdict"], six["added"], six["limit"]) == ("fail", "protected", 0.1)
    assert added(evaluation, "bpnrr_reference") == {"skin_tone_6"}
    assert added(evaluation, "apcer_live") == set()
    notes = next(one for one in evaluation.result["criteria"] if one["key"] == "bpcer_live")["notes"]
    assert notes == [
        "Judged although the policy does not name it, because it is protected: skin tone 6, as annotators "
        "perceived."
    ]


def test_a_segment_that_was_protected_after_the_lock_is_judged_when_the_revision_is_frozen_later(
    small: Gate,
) -> None:
    early = small.candidate("second")
    small.scored(early, GOOD)
    everybody(small.cast)
    late = small.candidate("third")
    small.scored(late, GOOD)

    before, after = small.evaluated(early), small.evaluated(late)

    assert (before.verdict, added(before, "bpcer_live")) == ("pass", set())
    assert (after.verdict, added(after, "bpcer_live")) == ("inconclusive", {"skin_tone_5"})
    frozen = after.inputs["added_segments"]
    assert [(one["key"], one["version"]) for one in frozen] == [("skin_tone_5", 1)]


def test_a_newer_version_of_a_pinned_segment_does_not_replace_it(small: Gate) -> None:
    define_segment(
        actor(small.cast.qa_lead),
        system=small.cast.system,
        key="skin_tone_6",
        title="skin tone 6, narrower",
        predicate={"attribute": "skin_tone", "operator": "eq", "value": "66"},
        protected=True,
        reason="Measured anew.",
    )
    revision = small.candidate("second")
    small.scored(revision, GOOD)

    evaluation = small.evaluated(revision)

    assert (evaluation.verdict, evaluation.inputs["added_segments"]) == ("pass", [])


def test_a_policy_that_judges_refusals_only_in_another_cut_judges_every_protected_segment(
    small: Gate,
) -> None:
    written = [one for one in criteria(SMALL, small.live) if not one.key.startswith("bp")]
    pooled = {"strata": {"pooled": True}, "stratum_rule": "pooled"}
    silent = {**pooled, "metric": "bpnrr", "margin": 0.1, "margin_reason": "A test's"}
    pinned = {"kind": "pinned", "release": str(small.live.release_id)}
    written += [
        CriterionInput("refused", "absolute", "Refused", {**pooled, "metric": "bpcer", "limit": 0.5}),
        CriterionInput("silent", "noninferiority", "Silent", {**silent, "baseline": {"kind": "live"}}),
        CriterionInput("silent_ref", "noninferiority", "Silent", {**silent, "baseline": pinned}),
    ]
    locked_policy(small.cast, written, name="pooled")
    revision = small.candidate("second")
    small.scored(revision, {**GOOD, "1": 0, "6": 30})

    evaluation = small.evaluated(revision)

    found = {next(iter(line["stratum"].items())): line["verdict"] for line in lines(evaluation, "refused")}
    assert found == {
        ("pooled", "all"): "pass",
        ("segment", "skin_tone_1"): "pass",
        ("segment", "skin_tone_6"): "fail",
    }
    assert added(evaluation, "silent") == set()


def test_a_crossing_gains_a_cell_for_every_stratum_of_the_other_side(small: Gate) -> None:
    cells = {"crossing": {"first": {"segments": ["skin_tone_1"]}, "second": {"channels": ["android"]}}}
    extra = CriterionInput(
        "crossed",
        "absolute",
        "Crossed",
        {"metric": "bpcer", "strata": cells, "limit": 0.4},
        severity="advisory",
    )
    locked_policy(small.cast, [*criteria(SMALL, small.live), extra], name="crossed")
    revision = small.candidate("second")
    small.scored(revision, GOOD)

    evaluation = small.evaluated(revision)

    assert {next(iter(line["stratum"].values())) for line in lines(evaluation, "crossed")} == {
        "skin_tone_1 × android",
        "skin_tone_6 × android",
    }
    assert added(evaluation, "crossed") == {"skin_tone_6 × android"}
