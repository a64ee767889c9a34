"""Verbs that tell people, made for these tests: what the product's own verbs do, without their conditions."""

from collections.abc import Iterable
from typing import Any

from celery import current_app
from django.utils import timezone

from governance.access.granting import GrantTerms, grant_role
from governance.access.models import Account
from governance.access.queries import grants_in_force
from governance.access.roles import Role
from governance.access.services import create_account, create_first_administrator
from governance.actors import Actor, command_actor
from governance.errors import GovernanceError
from governance.ledger.verbs import record, verb
from governance.notifications import tasks  # noqa: F401 - declares what attempt() runs
from governance.notifications.models import Delivery, Notification
from governance.notifications.names import DELIVER
from governance.notifications.services import notify
from governance.outbox.models import OutboxMessage
from governance.registry.models import System
from tests.factories.cast import PASSWORD, actor
from tests.governance.ledger.acts import found, person
from tests.governance.outbox.work import make_due

EVENT = "rollout.held"
PATH = "/admin/live/"
CONTEXT = {
    "release": "quality_svm",
    "system": "onboarding",
    "channel": "mobile_web",
    "stage": "guarded 5 %",
    "reason": "Retries rise",
}


class Refused(GovernanceError):
    """The test's refusal."""


def hold(
    actor: Actor, /, *, system: System, accounts: Iterable[Account], times: int = 1, **facts: Any
) -> System:
    """Tell the accounts, each of which may view the system, that a rollout is held."""
    people = list(accounts)
    let_view(system, people)
    return hold_as_they_are(actor, system=system, accounts=people, times=times, **facts)


def let_view(system: System, accounts: Iterable[Account]) -> None:
    """Each active account that holds nothing on the system becomes its auditor."""
    root = actor(Account.objects.get(username="root"))
    in_force = grants_in_force(timezone.now()).filter(system=system)
    holding = set(in_force.values_list("account_id", flat=True))
    for account in {one.id: one for one in accounts if one.is_active and one.id != root.id}.values():
        if account.id not in holding:
            grant_role(root, terms=GrantTerms(account, Role.AUDITOR, "Reads along", system_id=system.id))


@verb("rollout.held")
def hold_as_they_are(
    actor: Actor, /, *, system: System, accounts: Iterable[Account], times: int = 1, **facts: Any
) -> System:
    """Record an entry in the system's stream and tell the accounts, ``times`` times."""
    record(system.stream(), after={"held": True})
    people = list(accounts)
    for _ in range(times):
        notify(EVENT, subject=system, accounts=people, context={**CONTEXT, **facts}, path=PATH)
    return system


@verb("rollout.held")
def hold_and_be_refused(actor: Actor, *, system: System, accounts: Iterable[Account]) -> System:
    """The same, refused after everything was written."""
    record(system.stream(), after={"held": True})
    notify(EVENT, subject=system, accounts=accounts, context=CONTEXT, path=PATH)
    raise Refused("Refused at the end.")


def ask(actor: Actor, /, *, system: System, accounts: Iterable[Account], **facts: Any) -> System:
    """Tell the accounts, each of which may view the system, that their vote is asked for."""
    people = list(accounts)
    let_view(system, people)
    return ask_as_they_are(actor, system=system, accounts=people, **facts)


@verb("approval.requested")
def ask_as_they_are(actor: Actor, /, *, system: System, accounts: Iterable[Account], **facts: Any) -> System:
    """Tell the accounts that their vote is asked for."""
    record(system.stream(), after={"asked": True})
    context = {"system": system.slug, **facts}
    notify("approval.requested", subject=system, accounts=accounts, context=context, path=PATH)
    return system


def administrator() -> Account:
    """The installation's first account."""
    return create_first_administrator(command_actor("operator"), username="root", password=PASSWORD)


def reader(username: str, *, by: Account, email: str | None = None) -> Account:
    """A person with a mail address."""
    address = f"{username}@example.org" if email is None else email
    return create_account(actor(by), username=username, password=PASSWORD, email=address)


def system_of_tests() -> System:
    """A system to tell about."""
    return found(person(), slug="onboarding")


def told(account: Account, **facts: Any) -> Delivery:
    """The account told once that a rollout is held; its delivery, which waits."""
    system = System.objects.first() or system_of_tests()
    hold(person(), system=system, accounts=[account], **facts)
    notification = Notification.objects.filter(account=account).latest("created_at", "id")
    return Delivery.objects.select_related("notification__account").get(notification=notification)


def attempt(delivery: Delivery) -> Delivery:
    """A worker takes the delivery's message from the outbox, which is due; the delivery as it is then."""
    message = message_of(delivery)
    make_due(message)
    current_app.tasks[DELIVER](str(message.id))
    return now(delivery)


def message_of(delivery: Delivery) -> OutboxMessage:
    """The delivery's message in the outbox."""
    return OutboxMessage.objects.get(task=DELIVER, payload__delivery=str(delivery.id))


def now(delivery: Delivery) -> Delivery:
    """The delivery as it is stored."""
    return Delivery.objects.select_related("notification__account").get(id=delivery.id)
