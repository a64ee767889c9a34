"""What ends by time or by a change, found by the periodic task."""

from datetime import timedelta

import pytest
import time_machine

from governance.access.queries import PermissionDenied
from governance.ledger.models import Entry
from governance.ledger.queries import entry_of
from governance.project.celery import app
from releases.approvals.lapsing import expire_approval, expire_request, lapse, void_request
from releases.approvals.models import Approval, ApprovalRequest, RequestState
from releases.approvals.queries import effective_state, open_request, warnings_of
from releases.bundles.models import Revision, RevisionState
from releases.bundles.services import edit_release
from releases.rollouts.services import start_rollout
from tests.factories.approvals import (
    REASON,
    candidate,
    evaluated,
    next_content,
    requested,
    scores_of,
    voted,
)
from tests.factories.cast import actor
from tests.factories.gates import engine
from tests.factories.worlds import Prepared


def state_of(revision: Revision) -> str:
    return Revision.objects.get(id=revision.id).state


def test_a_request_past_its_deadline_is_closed_and_the_revision_frozen(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    with time_machine.travel(request.deadline_at - timedelta(seconds=1), tick=False):
        early = lapse(engine())
    with time_machine.travel(request.deadline_at, tick=False):
        due = lapse(engine())
        again = lapse(engine())

    request.refresh_from_db()
    entry = entry_of(request.stream(), "approval_request.expired")
    assert (early, due, again) == (0, 1, 0)
    assert request.state == RequestState.EXPIRED
    assert state_of(prepared.candidate) == RevisionState.FROZEN
    assert entry is not None
    assert entry.document["actor"]["kind"] == "task"
    assert entry_of(request.release.stream(), "approval_request.expired") is not None


def test_an_expired_request_on_an_approved_revision_ends_only_itself(prepared: Prepared) -> None:
    voted(prepared.here.cast.approver, requested(prepared.here, prepared.candidate, "android"))
    request = requested(prepared.here, prepared.candidate, "ios")

    with time_machine.travel(request.deadline_at, tick=False):
        lapse(engine())

    request.refresh_from_db()
    assert request.state == RequestState.EXPIRED
    assert state_of(prepared.candidate) == RevisionState.APPROVED


def test_a_request_overtaken_by_a_change_counts_as_void_at_once_and_is_closed_later(
    prepared: Prepared,
) -> None:
    here = prepared.here
    request = requested(here, prepared.candidate)
    content = next_content(here, "2")
    edit_release(actor(here.cast.author), revision=prepared.candidate, content=content)
    request = ApprovalRequest.objects.get(id=request.id)

    at_once = effective_state(request, request.requested_at)
    seen = (open_request(prepared.candidate), warnings_of(request))
    closed = lapse(engine())

    request.refresh_from_db()
    assert at_once == RequestState.VOID
    assert seen == (None, ("The release changed after this request was made; its votes are void.",))
    assert (closed, request.state) == (1, RequestState.VOID)
    assert entry_of(request.stream(), "approval_request.voided") is not None


def test_an_approval_that_ran_out_unused_expires_its_revision(prepared: Prepared) -> None:
    voted(prepared.here.cast.approver, requested(prepared.here, prepared.candidate))
    approval = Approval.objects.get()

    with time_machine.travel(approval.valid_until - timedelta(seconds=1), tick=False):
        early = lapse(engine())
    with time_machine.travel(approval.valid_until, tick=False):
        due = lapse(engine())

    assert (early, due) == (0, 1)
    assert state_of(prepared.candidate) == RevisionState.EXPIRED
    assert entry_of(prepared.candidate.stream(), "approval.expired") is not None


def test_a_release_that_went_live_does_not_expire(prepared: Prepared) -> None:
    here = prepared.here
    voted(here.cast.approver, requested(here, prepared.candidate))
    (android,) = here.channels("android")
    start_rollout(actor(here.cast.release_manager), revision=prepared.candidate, channel=android)

    with time_machine.travel(Approval.objects.get().valid_until, tick=False):
        ended = lapse(engine())

    assert ended == 0
    assert state_of(prepared.candidate) == RevisionState.APPROVED


@pytest.mark.parametrize("who", ["author", "approver", "admin", "release_manager"])
def test_only_the_engine_lets_things_lapse(prepared: Prepared, who: str) -> None:
    by = actor(getattr(prepared.here.cast, who))
    request = requested(prepared.here, prepared.candidate)

    with pytest.raises(PermissionDenied):
        expire_request(by, request=request)
    with pytest.raises(PermissionDenied):
        void_request(by, request=request)
    with pytest.raises(PermissionDenied):
        expire_approval(by, revision=prepared.candidate)


def test_what_has_not_lapsed_is_left_alone(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)
    before = Entry.objects.count()

    expire_request(engine(), request=request)
    void_request(engine(), request=request)
    expire_approval(engine(), revision=prepared.candidate)

    assert Entry.objects.count() == before
    assert ApprovalRequest.objects.get().state == RequestState.OPEN


def test_the_task_is_declared_and_on_the_schedule(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)
    scheduled = [
        beat for beat in app.conf.beat_schedule.values() if beat["task"] == "releases.approvals.expire"
    ]

    app.loader.import_default_modules()
    with time_machine.travel(request.deadline_at, tick=False):
        app.tasks["releases.approvals.expire"].apply(throw=True)

    assert [beat["schedule"] for beat in scheduled] == [30.0]
    assert ApprovalRequest.objects.get().state == RequestState.EXPIRED


def test_a_newer_evaluation_with_another_result_warns_and_voids_nothing(prepared: Prepared) -> None:
    here = prepared.here
    request = requested(here, prepared.candidate)
    scores_of(here.cast, prepared.candidate, accepted_attacks=40)
    evaluated(here.cast, prepared.candidate)
    request = ApprovalRequest.objects.get(id=request.id)

    (warning,) = warnings_of(request)
    voted(here.cast.approver, request)

    assert "came to another result (fail)" in warning
    assert state_of(prepared.candidate) == RevisionState.APPROVED


def test_a_newer_evaluation_with_the_same_result_changes_nothing(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)
    evaluated(prepared.here.cast, prepared.candidate)

    assert warnings_of(ApprovalRequest.objects.get(id=request.id)) == ()


def test_a_rejected_release_comes_back_as_a_new_revision(prepared: Prepared) -> None:
    here = prepared.here
    voted(here.cast.approver, requested(here, prepared.candidate), "reject")

    second = candidate(here, "2", follows=prepared.candidate)
    vote = voted(here.cast.approver, requested(here, second))

    assert (second.number, state_of(second)) == (2, RevisionState.APPROVED)
    assert vote.reason == REASON
