"""What happened after a decision is no evidence for it, and what was taken back decides nothing any more."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from audits.trace.documents import trace_document
from audits.trace.queries import trace_decision
from audits.trace.timeliness import spelled
from releases.bundles.arms import Arm
from releases.bundles.models import Revision
from tests.audits.trace.decisions import Guarded
from tests.factories.http import signed_in
from tests.factories.rollouts import taken_back

JUST_BEFORE = timedelta(microseconds=1)


def document(rollout: Guarded, at: datetime, arm: Arm = Arm.CANDIDATE, **given: Any) -> dict[str, Any]:
    return trace_document(trace_decision(rollout.reported(arm, at=at.isoformat(), **given)))


def page(rollout: Guarded, at: datetime) -> str:
    made = rollout.reported(at=at.isoformat())
    answer = signed_in(rollout.here.cast.auditor).get(f"/admin/decisions/?id={made.id}")
    return " ".join(answer.content.decode().split())


def times(rollout: Guarded) -> tuple[datetime, datetime, datetime]:
    """When the candidate was frozen, approved and started."""
    approval = rollout.rollout.approval
    frozen = Revision.objects.get(id=rollout.candidate.id).frozen_at
    assert approval is not None
    assert frozen is not None
    return frozen, approval.approved_at, rollout.rollout.started_at


def test_before_its_start_no_deployment_approval_or_vote_stands_behind_a_decision(rollout: Guarded) -> None:
    _, _, started = times(rollout)

    found = document(rollout, started - JUST_BEFORE)

    assert (found["votes"], found["release"]["approval"], found["release"]["started_at"]) == ([], None, None)
    assert found["untimely"] == ["not_started"]
    assert found["notes"][0] == (
        f"v1 revision 1 was not started on {rollout.rollout.channel} at that time: "
        f"it was started {spelled(started)}."
    )
    assert [one["step"] for one in found["ledger"]] == ["frozen", "evaluated", "stage", "reported"]


def test_before_its_approval_the_first_note_says_when_it_was_approved_and_started(rollout: Guarded) -> None:
    _, approved, started = times(rollout)

    found = document(rollout, approved - JUST_BEFORE)

    assert found["untimely"] == ["not_approved", "not_started"]
    assert found["notes"][0] == (
        f"v1 revision 1 was not approved and not started on {rollout.rollout.channel} at that time: "
        f"it was approved {spelled(approved)} and started {spelled(started)}."
    )
    assert found["notes"][1] == "baseline revision 1 was to answer this subject at that time."


def test_before_it_was_frozen_not_even_the_gate_is_evidence(rollout: Guarded) -> None:
    frozen, _, _ = times(rollout)

    found = document(rollout, frozen - JUST_BEFORE)

    assert found["untimely"] == ["not_frozen", "not_approved", "not_started"]
    assert found["evaluation"] is None
    assert "was not frozen, not approved and not started on" in found["notes"][0]
    assert "frozen" not in [one["step"] for one in found["ledger"]]


def test_what_was_never_started_on_the_channel_is_said_so(rollout: Guarded) -> None:
    made = rollout.reported()
    ios = rollout.here.cast.channel("ios")
    made.channel, made.channel_id = ios, ios.id

    found = trace_document(trace_decision(made))

    assert found["untimely"] == ["not_approved", "not_started"]
    assert found["notes"][0].endswith("at that time, and it was never approved or started there.")


def test_before_its_adoption_an_adopted_release_was_not_on_record(rollout: Guarded) -> None:
    found = document(rollout, datetime.fromisoformat("2026-09-01T00:00:00+00:00"), Arm.STABLE)

    assert found["untimely"] == ["not_adopted"]
    assert found["notes"][0].startswith("baseline revision 1 was not adopted on")


def test_after_its_rollback_the_first_note_says_when_it_was_rolled_back(rollout: Guarded) -> None:
    rollback = taken_back(rollout.here)

    found = document(rollout, timezone.now())

    assert found["untimely"] == ["rolled_back"]
    assert found["notes"][0] == (
        f"v1 revision 1 was rolled back on {rollout.rollout.channel} on "
        f"{spelled(rollback.rolled_back_at)}, before this decision: it was not to answer there any more."
    )
    assert found["notes"][1] == "baseline revision 1 was to answer this subject at that time."
    assert found["votes"] != []


def test_a_decision_in_time_has_nothing_against_it(rollout: Guarded) -> None:
    found = document(rollout, timezone.now())

    assert (found["untimely"], found["notes"]) == ([], [])


@pytest.mark.parametrize(
    ("back", "title"), [(0, "Not started at that time"), (1, "Not approved at that time")]
)
def test_the_page_shows_it_before_the_outcome_and_calls_nothing_approved(
    rollout: Guarded, back: int, title: str
) -> None:
    _, approved, started = times(rollout)

    shown = page(rollout, (started, approved)[back] - JUST_BEFORE)

    lead = shown.split('aria-labelledby="lead"')[1].split("<h1")[0]
    assert title in lead
    assert lead.index(title) < lead.index("Refused")
    assert "cs-edge-fail" in shown
    assert "Two people adopted" not in shown
    assert shown.count("No approval") == 1


def test_the_page_names_the_rollback_first(rollout: Guarded) -> None:
    taken_back(rollout.here)

    shown = page(rollout, timezone.now())

    assert "Rolled back before" in shown.split("<h1")[0]
    assert shown.count("before this decision: it was not to answer there any more.") == 1
