"""Texts follow the grants: whoever may not view the subject is neither told, nor shown, nor sent anything."""

import pytest
import time_machine

from governance.access.granting import revoke_grant
from governance.access.models import Account, Grant
from governance.access.queries import readers_of
from governance.access.scopes import INSTALLATION, AccessScope
from governance.notifications.catalogue import MESSAGES, Message
from governance.notifications.models import Delivery, DeliveryState, Notification
from governance.notifications.reach import may_read, readable_by
from governance.notifications.withdrawing import stop_asking
from governance.registry.models import System
from tests.factories.cast import Cast, actor, system_with_channels
from tests.factories.http import signed_in
from tests.governance.ledger.acts import person as somebody
from tests.governance.notifications.acts import (
    CONTEXT,
    ask,
    attempt,
    hold,
    hold_as_they_are,
    now,
    reader,
    system_of_tests,
    told,
)
from tests.governance.notifications.smtp import Letterbox

API = "/api/v1/notifications/"
PAGE = "/admin/notifications/"


def end_grants_of(account: Account, root: Account) -> None:
    revoke_grant(actor(root), grant=Grant.objects.get(account=account), reason="Left the team")


def asked(account: Account) -> Delivery:
    """The account asked for its vote until tomorrow."""
    with time_machine.travel("2030-01-01T00:00:00Z"):
        ends = "2030-01-02T00:00:00+00:00"
        ask(
            somebody(),
            system=system_of_tests(),
            accounts=[account],
            release="v1",
            channels=["ios"],
            deadline_at=ends,
        )
    return Delivery.objects.get(notification__account=account)


def test_whoever_may_not_view_the_subject_is_not_told(ada: Account) -> None:
    hold_as_they_are(somebody(), system=system_of_tests(), accounts=[ada])

    assert not Notification.objects.exists()
    assert not Delivery.objects.exists()


def test_a_mail_that_waits_is_not_sent_once_the_grants_have_ended(
    ada: Account, root: Account, letterbox: Letterbox
) -> None:
    delivery = told(ada)
    end_grants_of(ada, root)

    found = attempt(delivery)

    assert (found.state, found.last_error) == (
        DeliveryState.SKIPPED,
        "The account may not view any more what this is about.",
    )
    assert letterbox.taken == []


def test_what_was_told_is_hidden_with_the_grants_and_comes_back_with_them(
    ada: Account, root: Account
) -> None:
    told(ada)
    row = Notification.objects.get()
    end_grants_of(ada, root)
    client = signed_in(ada)

    hidden = client.get(API).json()["results"]
    page = client.get(PAGE).content.decode()
    one = client.get(f"{API}{row.id}/").status_code
    hold(somebody(), system=System.objects.get(), accounts=[ada])
    back = client.get(API).json()["results"]

    assert (hidden, one) == ([], 404)
    assert CONTEXT["reason"] not in page
    assert "You have read everything that you were told." in page
    assert len(back) == 2


def test_marking_all_as_read_leaves_what_one_may_not_see(ada: Account, root: Account) -> None:
    told(ada)
    end_grants_of(ada, root)

    signed_in(ada).post(f"{PAGE}read/")

    assert Notification.objects.get().read_at is None


def test_the_interface_answers_the_facts_without_the_scope_behind_them(ada: Account) -> None:
    told(ada)

    (row,) = signed_in(ada).get(API).json()["results"]

    assert row["context"] == {**CONTEXT, "actor": "ada"}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_no_fact_of_a_message_is_named_like_the_scope(message: Message) -> None:
    assert "scope" not in {*message.needs, *message.may}
    assert message.until is None or (message.asks and message.until in message.needs)


CASES = ("of the system", "of one channel", "of another channel", "of another system", "of nothing")


def scopes(team: Cast) -> dict[str, AccessScope]:
    """Scopes as notifications keep them."""
    other = system_with_channels("another-system")
    mobile_web, ios = team.channel("mobile_web").id, team.channel("ios").id
    return {
        "of the system": AccessScope(team.system.id),
        "of one channel": AccessScope(team.system.id, frozenset({mobile_web, ios})),
        "of another channel": AccessScope(team.system.id, frozenset({ios})),
        "of another system": AccessScope(other.id),
        "of nothing": INSTALLATION,
    }


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["security_reviewer", "security_all", "admin", "stranger"])
def test_telling_showing_and_sending_ask_the_same_question(team: Cast, name: str, case: str) -> None:
    """One answer of three queries: who is told, what is listed, what is sent."""
    account: Account = getattr(team, name)
    scope = scopes(team)[case]
    row = stored(account, scope)
    at = row.created_at

    is_told = readers_of(scope, at).filter(id=account.id).exists()
    is_listed = readable_by(Notification.objects.filter(id=row.id), actor(account)).exists()
    is_sent = may_read(account, row, at)

    expected = {
        "security_reviewer": case in {"of the system", "of one channel"},
        "security_all": case in {"of the system", "of one channel", "of another channel"},
        "admin": True,
        "stranger": False,
    }[name]
    assert (is_told, is_listed, is_sent) == (expected, expected, expected)


def stored(account: Account, scope: AccessScope) -> Notification:
    """A notification about something in the scope."""
    kept = {
        "system": str(scope.system_id) if scope.system_id else None,
        "channels": [str(one) for one in scope.channel_ids],
    }
    latest = Grant.objects.latest("starts_at")
    return Notification.objects.create(
        event="rollout.held",
        subject=f"system:{latest.id}",
        cause=latest.id,
        account=account,
        context={**CONTEXT, "scope": kept},
        path="/admin/",
        created_at=latest.starts_at,
    )


def test_a_row_that_does_not_say_where_it_belongs_is_nobodys_but_an_administrators(team: Cast) -> None:
    row = stored(team.author, AccessScope(team.system.id))
    Notification.objects.filter(id=row.id).update(context=CONTEXT)
    row.refresh_from_db()

    assert not readable_by(Notification.objects.all(), actor(team.author)).filter(id=row.id).exists()
    assert readable_by(Notification.objects.all(), actor(team.admin)).filter(id=row.id).exists()
    assert not may_read(team.author, row, row.created_at)


def test_a_vote_is_not_asked_for_after_the_deadline(ada: Account, letterbox: Letterbox) -> None:
    delivery = asked(ada)

    with time_machine.travel("2030-01-02T00:00:01Z"):
        found = attempt(delivery)

    assert (found.state, found.last_error) == (
        DeliveryState.SKIPPED,
        "The time for what it asks has passed.",
    )
    assert letterbox.taken == []


def test_stopping_ends_what_asks_of_this_account_and_leaves_the_rest(ada: Account, root: Account) -> None:
    joan = reader("joan", by=root)
    system = system_of_tests()
    facts = {"release": "v1", "channels": ["ios"], "deadline_at": "2099-01-01T00:00:00+00:00"}
    ask(somebody(), system=system, accounts=[ada, joan], **facts)
    hold(somebody(), system=system, accounts=[ada])

    ended = stop_asking(system, because="The account has voted.", accounts=[ada.id])

    skipped = Delivery.objects.get(state=DeliveryState.SKIPPED)
    assert ended == 1
    assert (skipped.notification.event, skipped.notification.account) == ("approval.requested", ada)
    assert skipped.last_error == "The account has voted."
    assert Delivery.objects.filter(state=DeliveryState.WAITING).count() == 2


def test_what_was_sent_stays_sent_when_the_case_ends(ada: Account, letterbox: Letterbox) -> None:
    with time_machine.travel("2030-01-01T01:00:00Z"):
        sent = attempt(asked(ada))

    stop_asking(System.objects.get(), because="The request ended.")

    assert sent.state == DeliveryState.SENT
    assert now(sent).state == DeliveryState.SENT
