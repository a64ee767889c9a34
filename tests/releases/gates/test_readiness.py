"""Whether a release can be taken back and approved (S14, S15), as things stood when the run was requested."""

from typing import Any

import pytest
from django.utils import timezone

from governance.access.models import Account
from governance.documents import checked
from releases.bundles.content import content_of
from releases.gates.criteria import KIND_OF
from releases.gates.freezing.facts import approver_facts
from releases.gates.models import GateEvaluation
from releases.gates.policies.services import CriterionInput
from releases.gates.vocabulary.fact_inputs import (
    ApproversInput,
    FactsInput,
    PathInput,
    ReadinessInput,
    SeatInput,
)
from releases.gates.vocabulary.outcomes import CriterionOutcome, ReasonCode
from releases.statistics.decisions import Verdict
from tests.factories.gates import SMALL, Gate, criteria, locked_policy
from tests.releases.gates.contexts import context

SEAT = SeatInput(
    rule="security",
    title="Security review",
    channel="android",
    who="security reviewer",
    needed=2,
    eligible=["ann", "bob"],
)
READY = ReadinessInput(
    rollback_owner="release_manager",
    triggers=2,
    paths=[PathInput(channel="android", target="first")],
    last_drill_age_days=12.5,
    release_owner="author",
    approvers=ApproversInput(seats=[SEAT]),
)
BOTH = {"readiness": ["rollback_path", "owners_and_approvers"], "max_drill_age_days": 90}


def judged(ready: ReadinessInput | None, **spec: Any) -> CriterionOutcome:
    kind = KIND_OF["completeness"]
    parsed = checked(kind.spec, {**BOTH, **spec}, field="spec", title="Ready")
    return kind.evaluate(context(facts=FactsInput(readiness=ready)), parsed)


def test_all_that_is_ready_holds_and_says_where_the_way_back_leads() -> None:
    outcome = judged(READY)

    said = [line.sentence for line in outcome.strata]
    assert outcome.verdict is Verdict.PASS
    assert "A rollback on android leads to first." in said
    assert "Enough people could be seated for Security review on android." in said


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        (
            {"rollback_owner_problem": "the account is not active"},
            Verdict.FAIL,
            "rollback owner: the account is not",
        ),
        ({"release_owner_problem": "nobody is named"}, Verdict.FAIL, "release owner: nobody is named"),
        ({"triggers": 0}, Verdict.FAIL, "No event that leads to a rollback is defined"),
        (
            {"paths": [PathInput(channel="android", target="old", problem="old holds a revoked component")]},
            Verdict.FAIL,
            "The way back on android is closed: old holds a revoked component",
        ),
        (
            {"paths": [PathInput(channel="web", problem="nothing served it before")]},
            Verdict.INCONCLUSIVE,
            "There is no way back on web: nothing served it before; needs a release to go back to",
        ),
        ({"last_drill_age_days": None}, Verdict.INCONCLUSIVE, "No drill of a rollback is on record"),
        (
            {"last_drill_age_days": 90.5},
            Verdict.INCONCLUSIVE,
            "The last drill of a rollback is older than 90 days",
        ),
        ({"approvers": None}, Verdict.FAIL, "No rule says who approves"),
        (
            {
                "approvers": ApproversInput(
                    seats=[SEAT.model_copy(update={"eligible": ["ann"]})], problem="short"
                )
            },
            Verdict.FAIL,
            "Too few people could be seated for Security review on android; needs 1 more of security",
        ),
        (
            {"approvers": ApproversInput(seats=[SEAT], problem="nobody counts twice")},
            Verdict.FAIL,
            "There is no way to fill every seat at once",
        ),
        (
            {"approvers": ApproversInput(seats=[], problem="no rule")},
            Verdict.FAIL,
            "No rule of approval covers",
        ),
    ],
)
def test_what_is_not_ready_is_named_with_what_would_settle_it(
    changes: dict[str, Any], verdict: Verdict, said: str
) -> None:
    outcome = judged(READY.model_copy(update=changes))

    assert outcome.verdict is verdict
    assert said in outcome.sentence
    assert all(line.needs for line in outcome.strata if line.verdict is not Verdict.PASS)


def test_a_drill_of_any_age_or_none_will_do_where_the_policy_sets_no_limit() -> None:
    outcome = judged(READY.model_copy(update={"last_drill_age_days": None}), max_drill_age_days=None)

    assert outcome.verdict is Verdict.PASS


def test_readiness_that_was_not_read_is_never_taken_for_granted() -> None:
    outcome = judged(None)

    assert (outcome.verdict, outcome.reason_code) == (Verdict.INCONCLUSIVE, ReasonCode.NO_DATA)


def test_names_and_ages_do_not_change_what_a_result_depends_on() -> None:
    more = SEAT.model_copy(update={"eligible": ["ann", "bob", "eve"]})
    changed = READY.model_copy(
        update={
            "last_drill_age_days": 13.5,
            "approvers": ApproversInput(seats=[more]),
            "release_owner": "eve",
        }
    )

    assert changed.identity() == READY.identity()
    assert FactsInput(readiness=READY).identity() != FactsInput().identity()
    assert "readiness" not in FactsInput().identity()


def ready_policy(gate: Gate, **more: Any) -> None:
    spec = {"readiness": BOTH["readiness"], **more}
    ready = CriterionInput("ready", "completeness", "Ready", spec)
    locked_policy(gate.cast, [*criteria(SMALL, gate.live), ready], name="ready")


def line_of(evaluation: GateEvaluation, check: str) -> dict[str, Any]:
    ready = next(one for one in evaluation.result["criteria"] if one["key"] == "ready")
    return next(line for line in ready["strata"] if line["stratum"] == {"check": check})


def test_a_release_with_plans_people_and_a_live_one_before_it_is_ready(small: Gate) -> None:
    ready_policy(small)
    revision = small.candidate("second")
    small.scored(revision)

    evaluation = small.evaluated(revision)

    assert evaluation.verdict == "pass"
    assert line_of(evaluation, "rollback_path android")["sentence"] == "A rollback on android leads to first."
    seats = evaluation.inputs["facts"]["readiness"]["approvers"]["seats"]
    assert [(seat["title"], "approver" in seat["eligible"]) for seat in seats] == [("One approver", True)]


def test_an_age_of_drills_is_open_while_none_is_on_record(small: Gate) -> None:
    ready_policy(small, max_drill_age_days=90)
    revision = small.candidate("second")
    small.scored(revision)

    evaluation = small.evaluated(revision)

    assert evaluation.verdict == "inconclusive"
    assert line_of(evaluation, "rollback_drill")["reason_code"] == "no_data"


def test_an_owner_who_left_and_a_target_that_never_served_fail(small: Gate) -> None:
    ready_policy(small)
    never = small.candidate("never")
    content = content_of(small.candidate("second"))
    plan = {**content.rollback_plan, "target": str(never.release_id)}
    revision = small.candidate("third", rollback_plan=plan)
    small.scored(revision)
    Account.objects.filter(username=plan["owner"]).update(is_active=False)

    evaluation = small.evaluated(revision)

    assert evaluation.verdict == "fail"
    assert line_of(evaluation, "rollback_owner")["verdict"] == "fail"
    assert (
        "never was neither adopted nor approved" in line_of(evaluation, "rollback_path android")["sentence"]
    )


def test_the_slice_above_that_knows_the_approvers_is_found_by_its_name(small: Gate) -> None:
    revision = small.candidate("second")

    found = approver_facts()(revision, timezone.now())

    assert isinstance(found, ApproversInput)
    assert (found.problem, [seat.needed for seat in found.seats]) == ("", [1])
