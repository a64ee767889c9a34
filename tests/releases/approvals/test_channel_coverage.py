"""Rules that ask for people on every channel touched, and reviewers who hold their role on one channel."""

from typing import Any

import pytest

from governance.access.granting import revoke_grant
from governance.access.models import Grant
from governance.access.queries import PermissionDenied
from governance.access.roles import Role
from governance.ledger.queries import entry_of
from releases.approvals.ballots import Seat
from releases.approvals.eligibility import ApproverIsContributor, NoSeatForApprover, SeatsTaken
from releases.approvals.models import ApprovalRequest, RequestState, Vote
from releases.approvals.queries import may_vote, seats
from releases.approvals.snapshots import TooFewApprovers
from releases.bundles.models import RevisionState
from tests.factories.approvals import APPROVER, SECURITY_PER_CHANNEL, enacted, requested, voted
from tests.factories.cast import actor, grant, person
from tests.factories.worlds import Prepared

ON_WEB = SECURITY_PER_CHANNEL | {"channel_kinds": ["mobile_web", "desktop_web"]}


def filled(found: tuple[Seat, ...]) -> list[tuple[str, str, str | None]]:
    return [(seat.rule_key, seat.channel_name, seat.vote.username if seat.vote else None) for seat in found]


def eligible(found: tuple[Seat, ...]) -> list[tuple[str, tuple[str, ...]]]:
    return [(seat.channel_name or seat.rule_key, seat.eligible) for seat in found]


def test_each_channel_touched_has_a_seat_of_its_own(prepared: Prepared) -> None:
    enacted(prepared.here.cast, SECURITY_PER_CHANNEL)

    request = requested(prepared.here, prepared.candidate)

    assert eligible(seats(request)) == [
        ("android", ("security_all",)),
        ("ios", ("security_all",)),
        ("mobile_web", ("security_all", "security_reviewer")),
    ]
    assert [seat.channel for seat in seats(request)] == [
        str(channel.id) for channel in prepared.here.channels()
    ]


def test_the_snapshot_keeps_the_channels_and_who_could_fill_each(prepared: Prepared) -> None:
    enacted(prepared.here.cast, APPROVER, ON_WEB)

    request = requested(prepared.here, prepared.candidate)

    web = prepared.here.cast.channel("mobile_web")
    asked = entry_of(request.stream(), "approval.requested")
    assert request.rule_snapshot["channels"] == {
        "security": [
            {
                "channel": str(web.id),
                "name": "mobile_web",
                "eligible": ["security_all", "security_reviewer"],
            }
        ]
    }
    assert request.rule_snapshot["eligible"]["approvers"] == ["approver", "approver_two"]
    assert asked is not None
    assert asked.document["after"]["rules"][1]["channels"] == [str(web.id)]


def test_a_reviewer_on_the_whole_system_covers_every_channel(prepared: Prepared) -> None:
    enacted(prepared.here.cast, SECURITY_PER_CHANNEL)
    request = requested(prepared.here, prepared.candidate)

    voted(prepared.here.cast.security_all, request)

    request.refresh_from_db()
    approved = entry_of(request.release.stream(), "release.approved")
    assert request.state == RequestState.APPROVED
    assert approved is not None
    assert [(seat["voter"], seat["channel"]) for seat in approved.document["after"]["seats"]] == [
        ("security_all", str(channel.id)) for channel in prepared.here.channels()
    ]


def test_a_reviewer_of_one_channel_fills_the_seat_there_and_no_other(prepared: Prepared) -> None:
    here = prepared.here
    enacted(here.cast, SECURITY_PER_CHANNEL)
    request = requested(here, prepared.candidate, "android", "mobile_web")

    vote = voted(here.cast.security_reviewer, request)

    cast = entry_of(request.stream(), "vote.cast")
    assert filled(seats(request)) == [
        ("security", "android", None),
        ("security", "mobile_web", "security_reviewer"),
    ]
    assert vote.role == "security_reviewer"
    assert cast is not None
    assert cast.document["after"]["covers"] == [
        {"rule": "security", "channel": str(here.cast.channel("mobile_web").id)}
    ]
    assert ApprovalRequest.objects.get().state == RequestState.OPEN


def test_reviewers_of_all_channels_together_approve(prepared: Prepared) -> None:
    here = prepared.here
    native = person("security_native")
    grant(native, Role.SECURITY_REVIEWER, channel=here.cast.channel("android"))
    grant(native, Role.SECURITY_REVIEWER, channel=here.cast.channel("ios"))
    enacted(here.cast, SECURITY_PER_CHANNEL)
    request = requested(here, prepared.candidate)

    voted(here.cast.security_reviewer, request)
    voted(native, request)

    assert [holder for _, _, holder in filled(seats(request))] == [
        "security_native",
        "security_native",
        "security_reviewer",
    ]
    assert ApprovalRequest.objects.get().state == RequestState.APPROVED


def test_one_person_never_counts_for_two_rules(prepared: Prepared) -> None:
    here = prepared.here
    grant(here.cast.approver, Role.SECURITY_REVIEWER, system=here.cast.system)
    enacted(here.cast, APPROVER, SECURITY_PER_CHANNEL)
    request = requested(here, prepared.candidate)

    voted(here.cast.approver, request)
    alone = filled(seats(request))
    voted(here.cast.security_all, request)

    assert [(rule, holder) for rule, _, holder in alone] == [
        ("approvers", None),
        *[("security", "approver")] * 3,
    ]
    assert [(rule, holder) for rule, _, holder in filled(seats(request))] == [
        ("approvers", "approver"),
        *[("security", "security_all")] * 3,
    ]
    assert ApprovalRequest.objects.get().state == RequestState.APPROVED


def test_a_reject_by_a_reviewer_of_one_channel_ends_the_request(prepared: Prepared) -> None:
    enacted(prepared.here.cast, APPROVER, ON_WEB)
    request = requested(prepared.here, prepared.candidate)

    voted(prepared.here.cast.security_reviewer, request, "reject")

    request.refresh_from_db()
    assert request.state == RequestState.REJECTED
    assert request.revision.state == RevisionState.REJECTED


@pytest.mark.parametrize("decision", ["approve", "reject", "request_changes"])
@pytest.mark.parametrize(
    ("rules", "channels"),
    [
        ([SECURITY_PER_CHANNEL | {"channel_kinds": ["android"]}], ()),
        ([SECURITY_PER_CHANNEL], ("android", "ios")),
        ([SECURITY_PER_CHANNEL | {"coverage": "system"}], ()),
        ([SECURITY_PER_CHANNEL | {"role": "qa_lead"}], ()),
    ],
    ids=["a rule for another channel", "a request for others", "the whole system", "another role"],
)
def test_a_reviewer_of_one_channel_decides_nothing_without_a_seat_there(
    prepared: Prepared, rules: list[dict[str, Any]], channels: tuple[str, ...], decision: str
) -> None:
    enacted(prepared.here.cast, *rules)
    request = requested(prepared.here, prepared.candidate, *channels)

    with pytest.raises(PermissionDenied):
        voted(prepared.here.cast.security_reviewer, request, decision)

    assert not Vote.objects.exists()
    assert ApprovalRequest.objects.get().state == RequestState.OPEN


def test_a_role_on_the_system_that_is_not_asked_for_fills_no_seat(prepared: Prepared) -> None:
    enacted(prepared.here.cast, SECURITY_PER_CHANNEL)
    request = requested(prepared.here, prepared.candidate)

    with pytest.raises(NoSeatForApprover, match="Security review: security reviewer on each of android, ios"):
        voted(prepared.here.cast.approver, request, "reject")


def test_a_seat_that_is_filled_for_good_takes_no_second_approval(prepared: Prepared) -> None:
    here = prepared.here
    enacted(here.cast, APPROVER, ON_WEB)
    request = requested(here, prepared.candidate)
    voted(here.cast.security_all, request)

    with pytest.raises(SeatsTaken):
        voted(here.cast.security_reviewer, request)
    voted(here.cast.security_reviewer, request, "request_changes")

    assert ApprovalRequest.objects.get().state == RequestState.CHANGES_REQUESTED


def test_a_contributor_with_a_role_on_one_channel_does_not_vote(prepared: Prepared) -> None:
    here = prepared.here
    grant(here.cast.author, Role.SECURITY_REVIEWER, channel=here.cast.channel("mobile_web"))
    enacted(here.cast, SECURITY_PER_CHANNEL)
    request = requested(here, prepared.candidate)

    with pytest.raises(ApproverIsContributor):
        voted(here.cast.author, request)

    assert "author" not in {name for seat in seats(request) for name in seat.eligible}


def test_a_grant_on_a_channel_that_ended_before_the_vote_is_refused(prepared: Prepared) -> None:
    here = prepared.here
    enacted(here.cast, SECURITY_PER_CHANNEL)
    request = requested(here, prepared.candidate)
    held = Grant.objects.get(account=here.cast.security_reviewer)
    revoke_grant(actor(here.cast.admin), grant=held, reason="Left")

    with pytest.raises(PermissionDenied):
        voted(here.cast.security_reviewer, request)


def test_a_grant_on_a_channel_that_ended_after_the_vote_still_counts(prepared: Prepared) -> None:
    here = prepared.here
    enacted(here.cast, APPROVER, ON_WEB)
    request = requested(here, prepared.candidate)
    voted(here.cast.security_reviewer, request)
    held = Grant.objects.get(account=here.cast.security_reviewer)
    revoke_grant(actor(here.cast.admin), grant=held, reason="Left")

    voted(here.cast.approver, request)

    assert ApprovalRequest.objects.get().state == RequestState.APPROVED


def test_named_people_count_for_every_channel_but_with_a_grant_on_one_for_that_alone(
    prepared: Prepared,
) -> None:
    named = {"key": "named", "title": "By name", "people": ["qa_lead", "security_reviewer"]}
    enacted(prepared.here.cast, named | {"coverage": "channel"})
    request = requested(prepared.here, prepared.candidate)

    assert eligible(seats(request)) == [
        ("android", ("qa_lead",)),
        ("ios", ("qa_lead",)),
        ("mobile_web", ("qa_lead", "security_reviewer")),
    ]


def test_the_channel_that_nobody_covers_is_named(prepared: Prepared) -> None:
    here = prepared.here
    held = Grant.objects.get(account=here.cast.security_all)
    revoke_grant(actor(here.cast.admin), grant=held, reason="Left")
    enacted(here.cast, SECURITY_PER_CHANNEL)

    with pytest.raises(TooFewApprovers) as refusal:
        requested(here, prepared.candidate, "android", "mobile_web")

    assert "'Security review' asks for 1 of security reviewer on android and nobody could be seated" in (
        refusal.value.message
    )
    assert "on mobile_web" not in refusal.value.message
    assert "on the channel named or on the whole system" in refusal.value.next_step


def test_two_people_per_channel_are_two_people_on_each(prepared: Prepared) -> None:
    enacted(prepared.here.cast, SECURITY_PER_CHANNEL | {"count": 2})

    request = requested(prepared.here, prepared.candidate, "mobile_web")

    assert [(seat.channel_name, seat.index) for seat in seats(request)] == [
        ("mobile_web", 1),
        ("mobile_web", 2),
    ]


def test_one_person_is_too_few_where_a_channel_asks_for_two(prepared: Prepared) -> None:
    enacted(prepared.here.cast, SECURITY_PER_CHANNEL | {"count": 2})

    with pytest.raises(TooFewApprovers, match="asks for 2 of security reviewer on android and security_all"):
        requested(prepared.here, prepared.candidate, "android")


def test_may_vote_names_the_channels_of_the_seat(prepared: Prepared) -> None:
    cast = prepared.here.cast
    enacted(cast, APPROVER, SECURITY_PER_CHANNEL)
    request = requested(prepared.here, prepared.candidate)

    assert may_vote(actor(cast.security_reviewer), request) == (
        True,
        "A seat is open for you: Security review on mobile_web.",
    )
    assert may_vote(actor(cast.approver), request) == (True, "A seat is open for you: Approver.")
