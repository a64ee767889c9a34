"""One decision of a guarded stage answers S21, S22 and S24 from the record."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audits.trace.documents import trace_document
from audits.trace.queries import trace_decision
from governance.access.models import Account
from governance.access.roles import Scope
from releases.bundles.arms import Arm, position
from tests.audits.trace.decisions import Guarded
from tests.factories.http import signed_in, with_token
from tests.factories.rollouts import taken_back


def document(rollout: Guarded, arm: Arm = Arm.CANDIDATE, **given: Any) -> dict[str, Any]:
    return trace_document(trace_decision(rollout.reported(arm, **given)))


def test_the_trace_names_model_fusion_threshold_and_the_band_that_decided(rollout: Guarded) -> None:
    found = document(rollout)

    assert (found["release"]["name"], found["release"]["revision"]) == ("v1", 1)
    assert [one["name"] for one in found["models"]] == ["live_1"]
    assert found["fusion"]["name"] == "fusion_0"
    assert found["threshold_policy"]["name"] == "policy_risk_a_0"
    assert found["threshold_policy"]["band"] == {
        "accept": 0.57,
        "retry": 0.7282,
        "use_case": None,
        "channel": None,
        "by_segment": False,
    }


def test_the_trace_names_the_evaluation_that_was_approved_and_its_worst_line(rollout: Guarded) -> None:
    found = document(rollout)["evaluation"]

    evaluation = rollout.rollout.approval.request.evaluation  # type: ignore[union-attr]  # started under one
    assert (found["id"], found["verdict"]) == (evaluation.id, "pass")
    assert found["result_digest"] == evaluation.result_digest
    assert found["lines_passed"] == found["lines"] == 5
    assert found["worst_line"]["verdict"] == "pass"


def test_the_trace_names_who_approved_in_which_seat_and_how_they_proved_it(rollout: Guarded) -> None:
    (vote,) = document(rollout)["votes"]

    assert vote["voter"] == rollout.here.cast.approver.username
    assert (vote["role"], vote["decision"], vote["strength"]) == ("approver", "approve", "password")
    assert vote["seat"]


@pytest.mark.parametrize("arm", list(Arm))
def test_stage_and_arm_are_recomputed_from_what_was_assigned_then(rollout: Guarded, arm: Arm) -> None:
    found = document(rollout, arm)["stage"]

    assert (found["stage"], found["arm"], found["as_expected"]) == ("guarded", arm.value, True)
    assert (found["treatment_share"], found["control_share"]) == (0.25, 0.25)
    assert found["u"] == position(rollout.assignment.salt, rollout.subject(arm))
    assert found["rollout"] == rollout.rollout.id


def test_a_stamp_that_this_arm_should_not_have_got_is_said(rollout: Guarded) -> None:
    found = document(rollout, Arm.CONTROL, stamp=rollout.candidate.manifest_digest)

    assert found["stage"]["as_expected"] is False
    assert found["stage"]["expected"]["name"] == "baseline"
    assert found["notes"] == ["At that time the control arm was to be answered by baseline revision 1."]


def test_a_later_rollback_changes_nothing_of_the_trace(rollout: Guarded) -> None:
    made = rollout.reported()
    before = trace_document(trace_decision(made))

    taken_back(rollout.here)

    assert trace_document(trace_decision(made)) == before
    assert before["stage"]["arm"] == "candidate"


def test_every_step_of_the_story_names_its_entry(rollout: Guarded) -> None:
    steps = [one["step"] for one in document(rollout)["ledger"]]

    assert steps == [
        "frozen",
        "evaluated",
        "requested",
        "vote",
        "approved",
        "started",
        "stage",
        "reported",
    ]


def test_the_same_outcome_comes_out_again(rollout: Guarded) -> None:
    found = document(rollout)["replay"]

    assert found["same_outcome"] is True
    assert (found["score"], found["band"], found["outcome"]) == (pytest.approx(0.8), "reject", "reject")


def test_another_outcome_than_the_policys_is_said(rollout: Guarded) -> None:
    found = document(rollout, outcome="accept", band="accept")["replay"]

    assert found["same_outcome"] is False
    assert "outcome reject, reported accept" in found["difference"]


@pytest.mark.parametrize(
    ("sdk", "flag"),
    [("2.3.0", False), ("android_sdk_2.3.0", False), ("2.2.9", True), ("", None)],
)
def test_an_sdk_outside_the_slot_is_flagged(rollout: Guarded, sdk: str, flag: bool | None) -> None:
    found = document(rollout, sdk=sdk)["sdk"]

    assert found["sdk_not_of_release"] is flag
    assert found["of_release"]["name"] == "android_sdk_2.3.0"


def test_behind_an_adopted_release_stand_no_gate_and_no_approval(rollout: Guarded) -> None:
    found = document(rollout, Arm.STABLE)

    assert (found["evaluation"], found["votes"]) == (None, [])
    assert found["release"]["adopted"] is True
    assert "no gate and no approval stand behind it" in found["notes"][0]
    assert [one["step"] for one in found["ledger"]] == ["adopted", "stage", "reported"]


def test_of_an_unknown_stamp_it_says_what_was_live_then(rollout: Guarded) -> None:
    found = document(rollout, stamp="sha256:" + "f" * 64)

    assert (found["release"], found["threshold_policy"], found["evaluation"]) == (None, None, None)
    assert "digest of no release" in found["notes"][0]
    assert found["notes"][1] == "At that time v1 revision 1 was to answer this subject."
    assert found["stage"]["expected"]["name"] == "v1"
    assert found["replay"]["same_outcome"] is None


def test_before_anything_was_live_it_says_so(rollout: Guarded) -> None:
    found = document(rollout, at="2026-09-01T00:00:00Z")

    assert found["stage"] is None
    assert any("Nothing on record was live" in note for note in found["notes"])


def who(rollout: Guarded, name: str) -> Account:
    account: Account = getattr(rollout.here.cast, name)
    return account


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("auditor", 200),
        ("author", 200),
        ("integration", 200),
        ("security_all", 200),
        ("security_reviewer", 404),
        ("stranger", 404),
    ],
)
def test_whoever_sees_the_channel_reads_the_trace(rollout: Guarded, name: str, code: int) -> None:
    made = rollout.reported()

    answer = with_token(who(rollout, name), Scope.READ).get(f"/api/v1/decisions/{made.id}/trace/")

    assert answer.status_code == code
    assert code != 200 or answer.json()["decision"]["id"] == str(made.id)


def test_an_id_that_is_nobodys_is_not_found(rollout: Guarded) -> None:
    client = signed_in(rollout.here.cast.auditor)

    codes = [
        client.get(f"/api/v1/decisions/{one}/trace/").status_code for one in (uuid4(), "-" * 36, "0" * 32)
    ]

    assert codes == [404, 404, 404]


def test_a_trace_takes_a_fixed_number_of_queries(rollout: Guarded) -> None:
    made = rollout.reported()
    rollout.reported()

    with CaptureQueriesContext(connection) as captured:
        trace_document(trace_decision(made))

    assert len(captured) == 6, [one["sql"][:90] for one in captured]
