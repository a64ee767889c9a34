"""Who is told of what happens to a request, and that whoever acted is not."""

import pytest
import time_machine

from governance.access.models import Account
from governance.access.roles import Role
from governance.access.services import create_account
from governance.notifications.models import Delivery, Notification
from releases.approvals.lapsing import lapse
from releases.approvals.models import Approval
from releases.approvals.services import request_approval, withdraw_request
from releases.bundles.services import edit_release
from tests.factories.approvals import (
    APPROVER,
    REASON,
    SECURITY_PER_CHANNEL,
    candidate,
    enacted,
    next_content,
    requested,
    voted,
)
from tests.factories.cast import PASSWORD, actor, grant, person
from tests.factories.gates import engine
from tests.factories.worlds import Prepared


def told(event: str) -> list[str]:
    return sorted(Notification.objects.filter(event=event).values_list("account__username", flat=True))


def test_everybody_who_could_fill_a_seat_is_asked(prepared: Prepared) -> None:
    enacted(prepared.here.cast, APPROVER, SECURITY_PER_CHANNEL)

    request = requested(prepared.here, prepared.candidate)

    message = Notification.objects.filter(event="approval.requested").first()
    assert told("approval.requested") == ["approver", "approver_two", "security_all", "security_reviewer"]
    assert message is not None
    assert message.context["channels"] == ["android", "ios", "mobile_web"]
    assert message.context["seats"] == [
        "Approver: approver",
        "Security review: security reviewer on each of android, ios, mobile_web",
    ]
    assert message.context["sentence"] == request.evaluation.result["sentence"]


def test_a_reviewer_of_one_channel_is_asked_only_where_it_is_touched(prepared: Prepared) -> None:
    enacted(prepared.here.cast, SECURITY_PER_CHANNEL)

    requested(prepared.here, prepared.candidate, "android")

    assert told("approval.requested") == ["security_all"]


def test_contributors_are_not_asked_whatever_their_role(prepared: Prepared) -> None:
    grant(prepared.here.cast.author, Role.APPROVER, system=prepared.here.cast.system)

    requested(prepared.here, prepared.candidate)

    assert told("approval.requested") == ["approver", "approver_two"]


def test_an_approval_is_told_to_who_asked_and_to_who_can_start(prepared: Prepared) -> None:
    here = prepared.here
    grant(person("web_manager"), Role.RELEASE_MANAGER, channel=here.cast.channel("mobile_web"))
    grant(person("ios_manager"), Role.RELEASE_MANAGER, channel=here.cast.channel("ios"))
    request = requested(here, prepared.candidate, "android", "mobile_web")

    voted(here.cast.approver, request)

    message = Notification.objects.filter(event="release.approved").first()
    assert told("release.approved") == ["author", "release_manager", "web_manager"]
    assert message is not None
    assert message.context["reason"] == REASON
    assert message.context["expires_at"].startswith(f"{Approval.objects.get().valid_until:%Y-%m-%dT%H:%M}")


def test_whoever_asked_in_place_of_the_owner_is_told_too(prepared: Prepared) -> None:
    here = prepared.here
    colleague = person("colleague")
    grant(colleague, Role.AUTHOR, system=here.cast.system)
    request = request_approval(actor(colleague), revision=prepared.candidate)

    voted(here.cast.approver, request)

    assert told("release.approved") == ["author", "colleague", "release_manager"]


@pytest.mark.parametrize(
    ("decision", "event"),
    [("reject", "release.rejected"), ("request_changes", "release.changes_requested")],
)
def test_a_refusal_is_told_to_who_asked_and_to_who_voted(
    prepared: Prepared, decision: str, event: str
) -> None:
    here = prepared.here
    enacted(here.cast, APPROVER, SECURITY_PER_CHANNEL)
    request = requested(here, prepared.candidate)
    voted(here.cast.approver, request)

    voted(here.cast.security_all, request, decision)

    assert told(event) == ["approver", "author"]
    assert Notification.objects.filter(event=event)[0].context["reason"] == REASON


def test_an_expired_request_is_told_to_who_asked_and_to_who_could_vote(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    with time_machine.travel(request.deadline_at, tick=False):
        lapse(engine())

    assert told("approval_request.expired") == ["approver", "approver_two", "author"]
    assert Notification.objects.filter(event="approval_request.expired")[0].context["seats"] == [
        "One approver"
    ]


def test_a_withdrawal_is_told_to_who_could_vote_and_not_to_who_withdrew(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    withdraw_request(actor(prepared.here.cast.author), request=request, reason="A mistake")

    assert told("approval_request.withdrawn") == ["approver", "approver_two"]


def waiting_of(account: Account) -> list[tuple[str, str]]:
    """The deliveries to the account, by message and state."""
    rows = Delivery.objects.filter(notification__account=account).order_by("id")
    return [(row.notification.event, row.state) for row in rows.select_related("notification")]


def with_mail(prepared: Prepared, username: str) -> Account:
    """An approver who has a mail address."""
    cast = prepared.here.cast
    address = f"{username}@example.org"
    account = create_account(actor(cast.admin), username=username, password=PASSWORD, email=address)
    grant(account, Role.APPROVER, system=cast.system)
    return account


def test_the_mail_that_asks_is_taken_back_once_the_account_has_voted(prepared: Prepared) -> None:
    here = prepared.here
    ann, ben = with_mail(prepared, "ann"), with_mail(prepared, "ben")
    enacted(here.cast, {**APPROVER, "count": 2})
    request = requested(here, prepared.candidate)

    voted(ann, request)

    assert waiting_of(ann) == [("approval.requested", "skipped")]
    assert waiting_of(ben) == [("approval.requested", "waiting")]


def test_the_mail_that_asks_is_taken_back_once_the_request_has_ended(prepared: Prepared) -> None:
    here = prepared.here
    ann = with_mail(prepared, "ann")
    request = requested(here, prepared.candidate)

    withdraw_request(actor(here.cast.author), request=request, reason="A mistake")

    assert waiting_of(ann) == [
        ("approval.requested", "skipped"),
        ("approval_request.withdrawn", "waiting"),
    ]
    assert Delivery.objects.filter(state="skipped")[0].last_error == "The request ended: it is withdrawn."


def test_a_request_void_after_a_change_is_told_once(prepared: Prepared) -> None:
    here = prepared.here
    requested(here, prepared.candidate)
    edit_release(actor(here.cast.author), revision=prepared.candidate, content=next_content(here, "2"))

    lapse(engine())
    lapse(engine())

    assert told("approval_request.voided") == ["approver", "approver_two", "author"]


def test_a_new_request_that_voids_an_old_one_tells_both(prepared: Prepared) -> None:
    here = prepared.here
    requested(here, prepared.candidate)

    requested(here, candidate(here, "2", follows=prepared.candidate))

    assert told("approval_request.voided") == ["approver", "approver_two"]
    assert told("approval.requested") == ["approver", "approver", "approver_two", "approver_two"]
