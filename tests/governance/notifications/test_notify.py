"""What ``notify`` writes, for whom, and when it refuses."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.access.models import Account, AccountKind
from governance.access.services import create_account, deactivate_account
from governance.actors import ActorMissing
from governance.ledger.queries import entry_of
from governance.ledger.verbs import NothingRecorded, verb
from governance.notifications.catalogue import UnknownMessage
from governance.notifications.models import Delivery, Notification, Preference
from governance.notifications.names import DELIVER
from governance.notifications.services import FactsDiffer, choose, notify
from governance.outbox.models import OutboxMessage
from governance.registry.models import System
from tests.factories.cast import actor
from tests.governance.ledger.acts import person
from tests.governance.notifications.acts import (
    CONTEXT,
    EVENT,
    PATH,
    Refused,
    ask,
    hold,
    hold_and_be_refused,
    hold_as_they_are,
    let_view,
    reader,
    system_of_tests,
)


@verb(EVENT)
def tell_too_early(actor: object, *, system: System) -> System:
    """Tells before it has recorded anything."""
    notify(EVENT, subject=system, accounts=[], context=CONTEXT, path=PATH)
    return system


def told() -> list[str]:
    return sorted(Notification.objects.values_list("account__username", flat=True))


def test_each_account_is_told_once_and_the_actor_never(ada: Account, root: Account) -> None:
    joan = reader("joan", by=root)

    hold(actor(root), system=system_of_tests(), accounts=[ada, joan, ada, root])

    assert told() == ["ada", "joan"]


def test_services_and_deactivated_accounts_are_not_told(ada: Account, root: Account) -> None:
    robot = create_account(actor(root), username="robot", kind=AccountKind.SERVICE, email="robot@example.org")
    gone = deactivate_account(actor(root), account=reader("gone", by=root), reason="Left")

    hold(person(), system=system_of_tests(), accounts=[robot, gone, ada])

    assert told() == ["ada"]


def test_a_notification_keeps_the_facts_the_page_and_the_entry_behind_it(ada: Account) -> None:
    system = system_of_tests()

    hold(person("lin"), system=system, accounts=[ada])

    row = Notification.objects.get()
    entry = entry_of(system.stream(), EVENT)
    assert entry is not None
    assert (row.subject, row.cause, row.path) == (system.stream(), entry.id, PATH)
    scope = {"system": str(system.id), "channels": []}
    assert row.context == {**CONTEXT, "actor": "lin", "scope": scope}


def test_one_entry_tells_an_account_once_however_often_it_is_said(ada: Account) -> None:
    hold(person(), system=system_of_tests(), accounts=[ada], times=3)

    assert Notification.objects.count() == 1
    assert Delivery.objects.count() == 1
    assert OutboxMessage.objects.filter(task=DELIVER).count() == 1


def test_the_same_event_told_again_later_is_told_again(ada: Account) -> None:
    system = system_of_tests()

    hold(person(), system=system, accounts=[ada])
    hold(person(), system=system, accounts=[ada])

    assert Notification.objects.count() == 2


def test_an_account_without_an_address_is_told_in_the_house_only(root: Account) -> None:
    hold(person(), system=system_of_tests(), accounts=[reader("nomail", by=root, email="")])

    assert told() == ["nomail"]
    assert not Delivery.objects.exists()


def test_a_message_that_is_switched_off_gets_no_delivery(ada: Account) -> None:
    choose(ada, [(EVENT, "email", False)])

    hold(person(), system=system_of_tests(), accounts=[ada])

    assert told() == ["ada"]
    assert not Delivery.objects.exists()


def test_a_message_that_asks_leaves_in_spite_of_a_stored_preference(ada: Account) -> None:
    """It may have been switched off before the catalogue said that it asks."""
    system = system_of_tests()
    Preference.objects.create(
        account=ada, event="approval.requested", channel="email", switched_off_at=ada.created_at
    )

    ask(
        person(),
        system=system,
        accounts=[ada],
        release="v1",
        channels=["ios"],
        deadline_at=ada.created_at,
    )

    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(
    ("event", "context", "path"),
    [
        (EVENT, {**CONTEXT, "token": "secret"}, PATH),
        (EVENT, {key: CONTEXT[key] for key in CONTEXT if key != "reason"}, PATH),
        (EVENT, {**CONTEXT, "reason": None}, PATH),
        (EVENT, CONTEXT, "https://elsewhere.example/"),
        (EVENT, CONTEXT, "//elsewhere.example/"),
    ],
    ids=["a fact too many", "a fact missing", "a fact that is none", "another host", "another host, short"],
)
def test_facts_or_paths_that_do_not_fit_are_a_defect(
    ada: Account, event: str, context: dict[str, object], path: str
) -> None:
    with pytest.raises(FactsDiffer):
        notify(event, subject=ada, accounts=[ada], context=context, path=path, cause=ada.id)


def test_an_unknown_message_is_a_defect(ada: Account) -> None:
    with pytest.raises(UnknownMessage):
        notify("system.registered", subject=ada, accounts=[ada], context={}, path=PATH)


def test_nobody_is_told_before_the_entry_or_outside_a_verb(ada: Account) -> None:
    with pytest.raises(NothingRecorded):
        tell_too_early(person(), system=system_of_tests())
    with pytest.raises(ActorMissing):
        notify(EVENT, subject=ada, accounts=[ada], context=CONTEXT, path=PATH)


def test_a_verb_that_is_refused_at_its_end_tells_nobody(grace: Account) -> None:
    with pytest.raises(Refused):
        hold_and_be_refused(person(), system=system_of_tests(), accounts=[grace])

    assert not Notification.objects.exists()
    assert not Delivery.objects.exists()
    assert not OutboxMessage.objects.filter(task=DELIVER).exists()


def queries_to_tell(system: System, accounts: list[Account]) -> int:
    with CaptureQueriesContext(connection) as queries:
        hold_as_they_are(person(), system=system, accounts=accounts)
    return len(queries)


def test_telling_many_takes_as_many_queries_as_telling_one(ada: Account, root: Account) -> None:
    system = system_of_tests()
    crowd = [reader(f"reader{number}", by=root) for number in range(6)]
    let_view(system, [ada, *crowd])

    assert queries_to_tell(system, crowd) == queries_to_tell(system, [ada])
