"""Whoever is asked for a vote learns that this release was rolled back on a channel that it is asked for."""

import pytest
from django.urls import reverse

from governance.notifications.models import Notification
from governance.notifications.rendering import text_of
from releases.approvals.models import ApprovalRequest
from releases.approvals.queries import taken_back_on, warnings_of
from releases.bundles.services import edit_release, freeze_release
from releases.rollouts.models import Rollback
from tests.audits.pages.browsing import text_of as words_of
from tests.factories.approvals import evaluated, next_content, requested, scores_of, voted
from tests.factories.cast import actor
from tests.factories.http import signed_in, with_token
from tests.factories.rollouts import on_its_way, taken_back
from tests.factories.worlds import Prepared


@pytest.fixture
def rollback(prepared: Prepared) -> Rollback:
    """The candidate was approved for android and mobile_web, and taken back on mobile_web."""
    on_its_way(prepared.here, prepared.candidate, "android", "mobile_web")
    return taken_back(prepared.here, "mobile_web", by=prepared.here.cast.security_reviewer)


def said(rollback: Rollback) -> str:
    return (
        f"Rolled back on mobile_web on {rollback.rolled_back_at:%-d %b %Y} by security_reviewer: Masks pass."
    )


def test_it_is_the_first_warning_and_stands_in_the_interface(prepared: Prepared, rollback: Rollback) -> None:
    request = requested(prepared.here, prepared.candidate, "mobile_web")

    answer = with_token(prepared.here.cast.approver).get(f"/api/v1/approval-requests/{request.id}/")

    assert warnings_of(request)[0] == said(rollback)
    assert said(rollback) in answer.json()["warnings"]


def test_it_is_a_grave_doubt_of_the_brief(prepared: Prepared, rollback: Rollback) -> None:
    requested(prepared.here, prepared.candidate, "mobile_web")

    page = signed_in(prepared.here.cast.approver).get(reverse("admin:review", args=[prepared.candidate.pk]))

    assert said(rollback) in words_of(page)
    assert said(rollback) in [doubt.text for doubt in page.context["doubts"] if doubt.is_alert]


def test_it_stands_in_the_mail_that_asks(prepared: Prepared, rollback: Rollback) -> None:
    Notification.objects.all().delete()

    requested(prepared.here, prepared.candidate, "mobile_web")

    message = Notification.objects.get(event="approval.requested", account=prepared.here.cast.approver)
    assert f"This release was taken back there before. {said(rollback)}" in text_of(message)


def test_of_another_revision_it_says_which(prepared: Prepared, rollback: Rollback) -> None:
    here = prepared.here
    taken_back(here, "android")
    revision = edit_release(
        actor(here.cast.author), revision=prepared.candidate, content=next_content(here, "2")
    )
    freeze_release(actor(here.cast.author), revision=revision)
    scores_of(here.cast, revision)
    evaluated(here.cast, revision)

    request = requested(here, revision, "mobile_web")

    assert taken_back_on(request) == [said(rollback).replace("Rolled back", "Revision 1 was rolled back")]


def test_what_happened_on_channels_not_asked_for_or_after_the_vote_is_not_said(
    prepared: Prepared, rollback: Rollback
) -> None:
    first = ApprovalRequest.objects.get()
    again = requested(prepared.here, prepared.candidate, "mobile_web")
    voted(prepared.here.cast.approver, again)
    again.refresh_from_db()

    taken_back(prepared.here, "android")

    assert taken_back_on(first) == []
    assert taken_back_on(again) == [said(rollback)]
