"""The seats card of the review brief: rule by rule, with the channel of each seat."""

import pytest

from audits.pages.inbox import waiting_for
from tests.audits.pages.browsing import submitted, text_of
from tests.audits.pages.test_brief import brief_url, vote_url
from tests.factories.approvals import APPROVER, SECURITY_PER_CHANNEL, candidate, enacted, requested, voted
from tests.factories.cast import actor
from tests.factories.http import signed_in
from tests.factories.worlds import Prepared


def test_the_card_groups_by_rule_and_shows_the_channel_of_each_seat(prepared: Prepared) -> None:
    here = prepared.here
    enacted(here.cast, APPROVER, SECURITY_PER_CHANNEL)
    voted(here.cast.security_reviewer, requested(here, prepared.candidate))

    page = text_of(signed_in(here.cast.security_all).get(brief_url(prepared.candidate)))

    assert "1 of 4 filled" in page
    assert "Security review security reviewer · on each channel touched 1 of 3" in page
    assert "android Only you could fill it" in page
    assert "mobile_web security_reviewer," in page
    assert "Could be filled by approver, approver_two" in page
    assert "You vote for: Security review on android and ios." in page


def test_a_reviewer_of_one_channel_is_told_which_seat_is_theirs_and_votes_for_it(prepared: Prepared) -> None:
    here = prepared.here
    enacted(here.cast, APPROVER, SECURITY_PER_CHANNEL)
    requested(here, prepared.candidate)
    client = signed_in(here.cast.security_reviewer)

    before = text_of(client.get(brief_url(prepared.candidate)))
    after = text_of(submitted(client, vote_url(prepared.candidate, "approve"), reason="The web SDK holds."))

    assert "You vote for: Security review on mobile_web." in before
    assert "mobile_web You could fill it, or security_all" in before
    assert "Your seat" in before
    assert "You approved v1." in after
    assert "1 of 4 filled" in after


def test_an_evaluated_release_without_a_request_shows_who_could_fill_which_seat(prepared: Prepared) -> None:
    enacted(prepared.here.cast, APPROVER, SECURITY_PER_CHANNEL)

    page = text_of(signed_in(prepared.here.cast.security_reviewer).get(brief_url(prepared.candidate)))

    assert "Who could fill which seat" in page
    assert "mobile_web You could fill it, or security_all" in page
    assert "4 seats as rules and grants stand now" in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"count": 3}, "As the grants stand the request could never be met"),
        ({"categories": ["new_fusion_logic"]}, "No rule says who approves this."),
    ],
)
def test_what_would_refuse_a_request_is_said_before_it_is_made(
    prepared: Prepared, change: dict[str, object], said: str
) -> None:
    enacted(prepared.here.cast, APPROVER | change)

    page = text_of(signed_in(prepared.here.cast.author).get(brief_url(prepared.candidate)))

    assert said in page


def test_a_release_that_failed_its_gate_shows_the_seats_and_what_is_in_the_way(prepared: Prepared) -> None:
    failing = candidate(prepared.here, "9", accepted_attacks=40)

    page = text_of(signed_in(prepared.here.cast.auditor).get(brief_url(failing)))

    assert "Could be filled by approver, approver_two" in page
    assert "The gate's verdict on onboarding-liveness v9 revision 1 is fail." in page


def test_the_rules_say_on_which_channels_they_ask(prepared: Prepared) -> None:
    enacted(
        prepared.here.cast,
        APPROVER,
        SECURITY_PER_CHANNEL | {"channel_kinds": ["mobile_web", "desktop_web"]},
    )

    page = text_of(signed_in(prepared.here.cast.admin).get("/admin/releases/approvalruleset/"))

    assert "1 × approver; 1 × security reviewer on each of desktop web, mobile web" in page


@pytest.mark.parametrize(
    ("channels", "waiting"), [((), True), (("mobile_web",), True), (("android", "ios"), False)]
)
def test_a_request_waits_for_a_reviewer_of_one_channel_where_it_has_a_seat_there(
    prepared: Prepared, channels: tuple[str, ...], waiting: bool
) -> None:
    enacted(prepared.here.cast, APPROVER, SECURITY_PER_CHANNEL)
    requested(prepared.here, prepared.candidate, *channels)

    found = waiting_for(actor(prepared.here.cast.security_reviewer))

    assert bool(found) == waiting


def test_a_request_waits_no_longer_for_a_reviewer_whose_channel_is_covered(prepared: Prepared) -> None:
    here = prepared.here
    enacted(here.cast, APPROVER, SECURITY_PER_CHANNEL)
    voted(here.cast.security_all, requested(here, prepared.candidate))

    found = waiting_for(actor(here.cast.security_reviewer))

    assert found == []
