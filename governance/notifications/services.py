"""Tell accounts what happened; keep what they have read and what they do not want.

``notify`` is a step for verbs: what it writes stands or falls with the verb's transaction, and nothing
leaves before that has committed. Notifications are no evidence; the entry they name as cause is.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from governance.access.models import Account, AccountKind
from governance.access.queries import readers_of
from governance.access.scopes import AccessScope
from governance.actors import Actor, acting_as, current_actor, moment
from governance.errors import invalid
from governance.ledger.canonical import plain
from governance.ledger.models import Governed
from governance.ledger.verbs import cause as running_cause
from governance.notifications.catalogue import MESSAGES, Message, can_be_off, message_named
from governance.notifications.channels import CHANNEL, CHANNELS
from governance.notifications.models import Delivery, Notification, Preference
from governance.notifications.names import DELIVER
from governance.notifications.reach import SCOPE, scope_document
from governance.outbox.services import enqueue_many


class FactsDiffer(RuntimeError):
    """The facts given are not those of the message's text; a defect of the caller."""


def notify(
    event: str,
    *,
    subject: Governed,
    accounts: Iterable[Account],
    context: Mapping[str, Any],
    path: str,
    cause: UUID | None = None,
    scope: AccessScope | None = None,
) -> list[Notification]:
    """Tell each of ``accounts`` of ``event``, in the running transaction; answers what is new.

    Call it after ``record()``. Told are active persons who may view the subject now, each once, and never the
    actor, who knows. The same event, subject and cause tell an account once, however often this runs.
    ``context`` holds the facts that the catalogue names for the message, as they are now: plain values, no
    secrets. ``path`` is the page that the message links to, from the root. ``cause`` is the ledger entry
    behind it: the verb's first by default. ``scope`` is where the facts may be read, by default the
    subject's own: give it where reading is narrower than acting, as for what touches only some channels.

    Raises:
        UnknownMessage, FactsDiffer: defects of the caller.
        ActorMissing, NothingRecorded: outside a verb, or before its entry, and no ``cause`` given.
    """
    message = message_named(event)
    if not path.startswith("/") or path.startswith("//"):
        raise FactsDiffer(f"{event}: {path!r} is no path from the root.")
    facts = _facts(message, context)
    entry = cause or running_cause()
    reading = scope or _scope_of(subject)
    told = {account.id: account for account in accounts if _is_told(account)}
    readers = readers_of(reading, moment()).filter(id__in=list(told)).order_by()
    allowed = set(readers.values_list("id", flat=True))
    shared: dict[str, Any] = {"event": event, "subject": subject.stream(), "cause": entry, "path": path}
    shared["context"] = {**facts, SCOPE: scope_document(reading)}
    return _store(
        Notification(**shared, account=account, created_at=moment())
        for account in told.values()
        if account.id in allowed
    )


def notify_afterwards(
    actor: Actor,
    event: str,
    *,
    cause: UUID,
    subject: Governed,
    accounts: Iterable[Account],
    context: Mapping[str, Any],
    path: str,
    scope: AccessScope | None = None,
) -> list[Notification]:
    """The same in a transaction of its own, for a task that a verb of a lower slice started by name.

    ``context`` names the ``actor``; whoever the task acts for knows already and is not told.
    """
    known = actor.on_behalf_of.id if actor.on_behalf_of else None
    others = [account for account in accounts if account.id != known]
    with acting_as(actor), transaction.atomic():
        return notify(
            event, subject=subject, accounts=others, context=context, path=path, cause=cause, scope=scope
        )


def _scope_of(subject: Governed) -> AccessScope:
    """The scope that the subject declares; not every governed row does."""
    declared: Callable[[], AccessScope] | None = getattr(subject, "access_scope", None)
    if declared is None:
        raise FactsDiffer(f"{subject.stream()} declares no access_scope(): pass the scope.")
    return declared()


def _is_told(account: Account) -> bool:
    is_person = account.is_active and account.kind == AccountKind.PERSON
    return is_person and account.id != current_actor().id


def _facts(message: Message, context: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as JSON, checked against the catalogue; a fact that may be missing is left out when None."""
    given = {key: value for key, value in context.items() if value is not None}
    missing = sorted(set(message.needs) - set(given))
    unknown = sorted(set(given) - {*message.needs, *message.may, "actor"})
    if missing or unknown:
        raise FactsDiffer(f"{message.event}: missing {missing}, not of the message {unknown}.")
    facts: dict[str, Any] = {"actor": current_actor().username, **given}
    return {key: plain(value) for key, value in facts.items()}


def _store(rows: Iterable[Notification]) -> list[Notification]:
    """Keep those that are new, and send them later; answers them."""
    rows = list(rows)
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    stored = Notification.objects.filter(id__in=[row.id for row in rows]).order_by()
    kept = set(stored.values_list("id", flat=True))
    new = [row for row in rows if row.id in kept]
    if not current_actor().simulated:  # a demo's past was told in its past: today's post is not about it
        _send_later(new)
    return new


def _send_later(rows: list[Notification]) -> None:
    """A delivery for each channel that reaches the account and that it has not switched off."""
    unwanted = Preference.objects.filter(account__in=[row.account_id for row in rows])
    off = {key for key in unwanted.values_list("account_id", "event", "channel") if can_be_off(key[1])}
    deliveries = [
        Delivery(notification=row, channel=channel.name)
        for row in rows
        for channel in CHANNELS
        if channel.reaches(row.account) and (row.account_id, row.event, channel.name) not in off
    ]
    Delivery.objects.bulk_create(deliveries)
    enqueue_many(DELIVER, [{"delivery": str(delivery.id)} for delivery in deliveries])


def mark_read(notification: Notification) -> Notification:
    """The account has seen it; the first time stays."""
    Notification.objects.filter(id=notification.id, read_at__isnull=True).update(read_at=timezone.now())
    notification.refresh_from_db(fields=["read_at"])
    return notification


def choose(account: Account, wanted: Iterable[tuple[str, str, bool]]) -> None:
    """Switch messages on or off for the account, each given as (event, channel, on); all or none.

    Raises:
        InvalidInput: no such message or channel, or one that asks for an act, which stays on.
    """
    chosen = {(event, channel): on for event, channel, on in wanted}
    for (event, channel), on in chosen.items():
        _check_choice(event, channel, on=on)
    wanted_on = [pair for pair, is_on in chosen.items() if is_on]
    off = [
        Preference(account=account, event=event, channel=channel, switched_off_at=timezone.now())
        for (event, channel), is_on in chosen.items()
        if not is_on
    ]
    Preference.objects.bulk_create(off, ignore_conflicts=True)
    if wanted_on:
        named = Q()
        for event, channel in wanted_on:
            named |= Q(event=event, channel=channel)
        Preference.objects.filter(named, account=account).delete()


def _check_choice(event: str, channel: str, *, on: bool) -> None:
    message = MESSAGES.get(event)
    if message is None:
        raise invalid("event", f"{event[:100]!r} is no message; see the list of preferences.")
    if channel not in CHANNEL:
        raise invalid("channel", f"{channel[:100]!r} is no channel; use {', '.join(CHANNEL)}.")
    if message.asks and not on:
        raise invalid(
            "event",
            f"{event} asks you to act, so it stays on.",
            next_step="Ask an administrator to end the role if you are not to act.",
        )


def mark_all_read(unread: QuerySet[Notification]) -> int:
    """The account has seen all of these, which it may read; answers how many were new."""
    return unread.filter(read_at__isnull=True).update(read_at=timezone.now())
