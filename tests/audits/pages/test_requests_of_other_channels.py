"""A reader of one channel is told the truth about requests for others, and is offered nothing in them."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.audits.pages.browsing import text_of
from tests.factories.approvals import APPROVER, SECURITY_PER_CHANNEL, enacted, requested, voted
from tests.factories.http import signed_in
from tests.factories.rollouts import started, through
from tests.factories.worlds import Prepared

ELSEWHERE = "A request for other channels (android, ios) is"


@pytest.fixture
def reviewer(prepared: Prepared) -> Client:
    """The reviewer of mobile_web, with approval asked for android and ios by security review there."""
    enacted(prepared.here.cast, APPROVER, SECURITY_PER_CHANNEL)
    requested(prepared.here, prepared.candidate, "android", "ios")
    return signed_in(prepared.here.cast.security_reviewer)


def release_page(prepared: Prepared, client: Client) -> str:
    url = reverse("admin:releases_release_change", args=[prepared.candidate.release_id])
    return text_of(client.get(url))


def brief(prepared: Prepared, client: Client) -> str:
    return text_of(client.get(reverse("admin:review", args=[prepared.candidate.pk])))


def decided(prepared: Prepared) -> None:
    request = prepared.candidate.approval_requests.get()
    voted(prepared.here.cast.security_all, request)
    voted(prepared.here.cast.approver, request)


def test_an_open_request_is_open_for_every_reader_of_the_release(
    prepared: Prepared, reviewer: Client
) -> None:
    page = release_page(prepared, reviewer)

    assert "v1 is in review for android and ios: 0 of 3 seats are filled." in page
    assert "takes no more votes" not in page


def test_the_brief_says_that_it_is_for_other_channels_and_offers_no_seat(
    prepared: Prepared, reviewer: Client
) -> None:
    page = brief(prepared, reviewer)

    assert f"{ELSEWHERE} open. You read it; none of its seats is yours." in page
    assert "A request for other channels is open: android and ios." in page
    assert "ould fill it" not in page.replace("Could be filled by", "")
    assert "You could" not in page
    assert "Your seat" not in page


def test_there_is_no_vote_on_it(prepared: Prepared, reviewer: Client) -> None:
    urls = [
        reverse("admin:review_vote", args=[prepared.candidate.pk, decision])
        for decision in ("approve", "reject", "request-changes")
    ]

    shown = reviewer.get(reverse("admin:review", args=[prepared.candidate.pk]))

    assert shown.context["offers"] == ()
    assert [reviewer.get(url).status_code for url in urls] == [404] * 3


def test_a_decided_request_is_not_denied_once_the_release_is_live(
    prepared: Prepared, reviewer: Client
) -> None:
    decided(prepared)
    through(prepared.here, started(prepared.here, prepared.candidate, "android"))

    page = release_page(prepared, reviewer) + brief(prepared, reviewer)

    assert "No approval has been asked for" not in page
    assert "No request for approval" not in page
    assert f"{ELSEWHERE} approved." in page


def test_whoever_may_vote_is_offered_their_seat_as_before(prepared: Prepared, reviewer: Client) -> None:
    page = brief(prepared, signed_in(prepared.here.cast.security_all))

    assert "Your seat" in page
    assert ELSEWHERE not in page
