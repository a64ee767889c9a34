"""Under an open request the newest result leads every page, and those who vote hear of it."""

from celery import current_app
from django.core import mail
from django.urls import reverse

from governance.notifications.models import Notification
from governance.outbox.models import OutboxMessage
from releases.approvals import tasks  # noqa: F401 - declares the task
from releases.approvals.models import ApprovalRequest
from releases.bundles.models import Revision
from releases.gates.models import GateEvaluation
from releases.gates.policies.services import draft_policy, lock_policy
from tests.audits.pages.browsing import text_of
from tests.factories.approvals import candidate, criteria, evaluated, requested, scores_of, voted
from tests.factories.cast import actor
from tests.factories.http import signed_in
from tests.factories.overrides import FAILING, failing, given, undecided
from tests.factories.worlds import Prepared

TASK = "releases.approvals.tell_of_other_result"


def brief(revision: Revision) -> str:
    return reverse("admin:review", args=[revision.pk])


def asked(prepared: Prepared) -> ApprovalRequest:
    """A request on an inconclusive result, past its gate by the QA lead's override."""
    revision = undecided(prepared.here)
    given(prepared.here.cast.qa_lead, revision)
    return requested(prepared.here, revision)


def overtaken(prepared: Prepared) -> ApprovalRequest:
    """The same, after a newer run of the revision failed."""
    request = asked(prepared)
    scores_of(prepared.here.cast, request.revision, accepted_attacks=FAILING)
    evaluated(prepared.here.cast, request.revision)
    return request


def deliver() -> None:
    """What the worker does with the message of the run."""
    message = OutboxMessage.objects.get(task=TASK)
    current_app.tasks[TASK](str(message.id))


def told(run: GateEvaluation) -> set[str]:
    rows = Notification.objects.filter(event="gate_evaluation.completed", subject=run.stream())
    return set(rows.values_list("account__username", flat=True))


def test_the_brief_leads_with_the_newest_result_and_says_what_was_asked_on(prepared: Prepared) -> None:
    request = overtaken(prepared)

    page = signed_in(prepared.here.cast.approver).get(brief(request.revision))

    text = text_of(page)
    assert page.context["finding"].title == "Gate failed"
    assert "Do not approve v5 as it stands." in text
    assert "made on an earlier result: inconclusive, overridden by one person." in text
    assert f"compare/?with={request.evaluation_id}" in page.content.decode()


def test_the_bar_tells_the_one_whose_seat_it_is_that_only_approving_is_locked(prepared: Prepared) -> None:
    request = overtaken(prepared)

    page = signed_in(prepared.here.cast.approver).get(brief(request.revision))

    locked = {offer.label: bool(offer.why) for offer in page.context["offers"]}
    assert locked == {"Reject": False, "Request changes": False, "Approve": True}
    assert page.context["say"][0] == "You vote for: One approver."
    assert page.context["say"][1].startswith("Approve is locked: Gate of ")


def test_the_inbox_says_that_the_gate_fails_now(prepared: Prepared) -> None:
    overtaken(prepared)

    page = text_of(signed_in(prepared.here.cast.approver).get(reverse("admin:index")))

    assert "Gate failed" in page
    assert "Override outdated" in page
    assert "The request was made on an earlier result: inconclusive, overridden by one person." in page


def test_voters_are_told_once_of_a_run_that_ends_with_another_result(prepared: Prepared) -> None:
    request = overtaken(prepared)
    cast, run = prepared.here.cast, request.revision.evaluations.order_by("-requested_at")[0]
    before = told(run)

    deliver()
    OutboxMessage.objects.filter(task=TASK).update(done_at=None)
    deliver()

    message = Notification.objects.get(subject=run.stream(), account=cast.approver)
    assert "approver" not in before
    assert told(run) - before == {"approver", "approver_two"}
    assert message.context["ground"] == "inconclusive, overridden by one person"
    assert mail.outbox == []


def test_a_run_with_the_same_result_tells_no_voter(prepared: Prepared) -> None:
    request = asked(prepared)
    run = evaluated(prepared.here.cast, request.revision)
    before = told(run)

    deliver()

    assert told(run) == before


def test_without_an_open_request_no_voter_is_looked_for(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)
    voted(prepared.here.cast.approver, request, "reject")

    evaluated(prepared.here.cast, request.revision)

    assert not OutboxMessage.objects.filter(task=TASK).exists()


def test_a_policy_changed_after_a_run_that_did_not_pass_is_said_with_the_bounds_it_costs(
    prepared: Prepared,
) -> None:
    here = prepared.here
    tried = failing(here)
    again = draft_policy(
        actor(here.cast.qa_lead), system=here.cast.system, name="liveness", criteria=criteria(here.baseline)
    )
    lock_policy(actor(here.cast.qa_lead), policy=again)
    revision = candidate(here, "8", follows=tried)

    page = signed_in(here.cast.approver).get(brief(revision))

    text = text_of(page)
    assert "The policy was changed after a run of this line of releases that did not pass." in text
    assert "liveness v1 judged it, liveness v2 judges now." in text
    assert f"/{again.pk}/comparison/?with=" in page.content.decode()
    assert "the error rate allowed is 5 % divided by 2." in text
    assert "One-sided: lower 95 % upper 97.5 %" in text
    assert "one-sided bounds, lower 95 %, upper 97.5 %" in text
    assert "One-sided 95 %" not in text
