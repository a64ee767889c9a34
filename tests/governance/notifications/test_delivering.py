"""Deliveries: once, in spite of everything that can be away, and never to whom does not want them."""

import pytest
from celery import current_app
from pytest_django import Settings

from governance.access.models import Account
from governance.access.services import deactivate_account
from governance.notifications.delivering import MAX_ATTEMPTS, give_up, send_delivery
from governance.notifications.models import Delivery, DeliveryState, Preference
from governance.notifications.names import DELIVER
from governance.notifications.services import choose
from governance.outbox.services import LONGEST_BACKOFF, sweep
from tests.database import Broker, in_threads
from tests.factories.cast import actor
from tests.governance.ledger.acts import person
from tests.governance.notifications.acts import (
    EVENT,
    attempt,
    hold,
    message_of,
    now,
    system_of_tests,
    told,
)
from tests.governance.notifications.smtp import Letterbox, mail_settings, open_letterbox
from tests.governance.outbox.work import make_due


def test_a_delivery_is_sent_and_says_when(ada: Account, letterbox: Letterbox) -> None:
    found = attempt(told(ada))

    assert (found.state, found.attempts, found.last_error) == (DeliveryState.SENT, 1, "")
    assert found.sent_at is not None
    assert letterbox.recipients == ["ada@example.org"]


def test_nothing_leaves_before_a_worker_takes_it(ada: Account, letterbox: Letterbox) -> None:
    told(ada)

    assert letterbox.taken == []


def test_a_message_delivered_eight_times_at_once_is_one_mail(grace: Account, letterbox: Letterbox) -> None:
    delivery = told(grace)
    message = message_of(delivery)

    in_threads(*[lambda: current_app.tasks[DELIVER](str(message.id))] * 8)
    current_app.tasks[DELIVER](str(message.id))

    assert len(letterbox.taken) == 1
    assert now(delivery).state == DeliveryState.SENT


def test_a_mail_server_that_is_away_loses_nothing(ada: Account, settings: Settings) -> None:
    box = Letterbox()
    with open_letterbox(box):
        mail_settings(settings, box)
    delivery = told(ada)

    first, second = attempt(delivery), attempt(delivery)
    with open_letterbox(box):
        third = attempt(delivery)
        fourth = attempt(delivery)

    assert (first.state, first.attempts) == (DeliveryState.WAITING, 1)
    assert "refused" in second.last_error
    assert (third.state, third.attempts, third.last_error) == (DeliveryState.SENT, 3, "")
    assert fourth.attempts == 3
    assert len(box.taken) == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_mail_server_that_says_later_is_asked_later(ada: Account, letterbox: Letterbox, step: str) -> None:
    letterbox.answers[step] = "451 try later"
    delivery = attempt(told(ada))
    letterbox.answers.clear()

    again = attempt(delivery)

    assert (delivery.state, delivery.last_error) == (
        DeliveryState.WAITING,
        "The mail server answered 451 try later",
    )
    assert again.state == DeliveryState.SENT
    assert len(letterbox.taken) == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_refusal_for_good_is_not_repeated(ada: Account, letterbox: Letterbox, step: str) -> None:
    letterbox.answers[step] = "550 no such person"

    delivery = attempt(told(ada))

    assert (delivery.state, delivery.last_error) == (
        DeliveryState.FAILED,
        "The mail server answered 550 no such person",
    )
    assert message_of(delivery).done_at is not None


def test_a_repeated_mail_bears_the_same_message_id(ada: Account, letterbox: Letterbox) -> None:
    """As if the process had died after the server took the mail and before the row said so."""
    delivery = attempt(told(ada))
    Delivery.objects.filter(id=delivery.id).update(state=DeliveryState.WAITING, sent_at=None)
    message = message_of(delivery)
    type(message).objects.filter(id=message.id).update(done_at=None)

    attempt(delivery)

    first, second = letterbox.taken
    assert first["Message-ID"] == second["Message-ID"]
    assert str(delivery.id) in first["Message-ID"]


def test_each_mail_has_a_message_id_of_its_own(ada: Account, letterbox: Letterbox) -> None:
    attempt(told(ada))
    attempt(told(ada))

    first, second = letterbox.taken
    assert first["Message-ID"] != second["Message-ID"]


def test_who_was_deactivated_meanwhile_gets_nothing(
    ada: Account, root: Account, letterbox: Letterbox
) -> None:
    delivery = told(ada)
    deactivate_account(actor(root), account=ada, reason="Left")

    found = attempt(delivery)

    assert (found.state, found.last_error) == (DeliveryState.SKIPPED, "The account is deactivated.")
    assert letterbox.taken == []


def test_who_switched_it_off_meanwhile_gets_nothing(ada: Account, letterbox: Letterbox) -> None:
    delivery = told(ada)
    choose(ada, [(EVENT, "email", False)])

    found = attempt(delivery)

    assert (found.state, found.last_error) == (
        DeliveryState.SKIPPED,
        "The account switched this message off.",
    )
    assert letterbox.taken == []
    assert Preference.objects.count() == 1


def test_without_a_mail_server_a_delivery_says_so_and_is_no_error(ada: Account, settings: Settings) -> None:
    settings.MAIL_SERVER = False

    found = attempt(told(ada))

    assert (found.state, found.attempts) == (DeliveryState.SKIPPED, 0)
    assert found.last_error == "No mail server is configured (COUNTERSIGN_EMAIL_URL)."
    assert message_of(found).failed_at is None


def test_a_message_that_left_the_catalogue_is_not_sent(ada: Account, letterbox: Letterbox) -> None:
    delivery = told(ada)
    type(delivery.notification).objects.update(event="retired.message")

    assert attempt(delivery).state == DeliveryState.SKIPPED


def test_a_delivery_that_is_given_up_keeps_its_last_error(ada: Account) -> None:
    delivery = told(ada)

    give_up(delivery.id, "connection refused \0 \ud800")

    assert now(delivery).state == DeliveryState.FAILED
    assert now(delivery).last_error == "connection refused \\0 \\ud800"


def test_giving_up_changes_nothing_about_what_was_sent(ada: Account, letterbox: Letterbox) -> None:
    delivery = attempt(told(ada))

    give_up(delivery.id, "too late")

    assert now(delivery).state == DeliveryState.SENT


def test_attempts_last_over_a_weekend() -> None:
    waits = [min(LONGEST_BACKOFF.total_seconds(), 2**attempt) for attempt in range(1, MAX_ATTEMPTS)]

    assert sum(waits) > 3 * 24 * 3600


def test_a_broker_that_is_down_after_the_commit_loses_nothing(
    grace: Account, letterbox: Letterbox, broker: Broker
) -> None:
    broker.kill()
    hold(person(), system=system_of_tests(), accounts=[grace])
    delivery = Delivery.objects.get()
    waiting = broker_is_empty_after_restart(broker)
    make_due(message_of(delivery))

    sweep()

    assert waiting
    assert broker.waiting("celery") > 0
    assert attempt(delivery).state == DeliveryState.SENT
    assert len(letterbox.taken) == 1


def broker_is_empty_after_restart(broker: Broker) -> bool:
    broker.start()
    return broker.waiting("celery") == 0


def test_a_delivery_that_was_sent_is_not_sent_by_another_message_either(
    ada: Account, letterbox: Letterbox
) -> None:
    """The outbox row is not what keeps it from leaving twice: the delivery itself has ended."""
    delivery = attempt(told(ada))

    send_delivery(delivery.id)

    assert len(letterbox.taken) == 1
    assert now(delivery).attempts == 1
