"""Bring deliveries to their end: sent, given up, or not sent with the reason.

The row of the outbox is claimed by an advisory lock and a delivery that ended is left alone, so the same
task delivered many times sends one message. One case is left, and no sender can close it: a process that
dies after the mail server took the message and before the row says so sends it again, with the same
Message-ID, by which mail programs can tell.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from governance.access.models import Proposal
from governance.notifications.catalogue import MESSAGES, can_be_off
from governance.notifications.channels import CHANNEL
from governance.notifications.channels.base import Never, NotNow
from governance.notifications.models import Delivery, DeliveryState, Notification, Preference
from governance.notifications.reach import may_read

ERROR_LENGTH = 2000
# The outbox waits 2 s, 4 s … 512 s and then ten minutes between attempts: 450 of them last three days, so a
# mail server that goes down on a Friday evening finds everything waiting on Monday.
MAX_ATTEMPTS = 450


def send_delivery(delivery_id: UUID) -> None:
    """One attempt, unless the delivery has ended or nothing is to leave any more.

    Raises:
        NotNow: the other side did not take it; the wrapper tries again later.
    """
    rows = Delivery.objects.select_related("notification__account")
    delivery = rows.get(id=delivery_id)
    if delivery.state != DeliveryState.WAITING:
        return
    if reason := _why_not(delivery):
        _end(delivery, DeliveryState.SKIPPED, reason)
        return
    Delivery.objects.filter(id=delivery.id).update(attempts=F("attempts") + 1)
    try:
        CHANNEL[delivery.channel].send(delivery)
    except Never as refusal:
        _end(delivery, DeliveryState.FAILED, str(refusal))
    except NotNow as refusal:
        Delivery.objects.filter(id=delivery.id).update(last_error=storable(str(refusal)))
        raise
    else:
        _end(delivery, DeliveryState.SENT, "")


def give_up(delivery_id: UUID, error: str) -> None:
    """No attempt is left."""
    waiting = Delivery.objects.filter(id=delivery_id, state=DeliveryState.WAITING)
    waiting.update(state=DeliveryState.FAILED, last_error=storable(error))


def _why_not(delivery: Delivery) -> str:
    """Why the message is not to leave, asked now: people go and change their minds while mail waits."""
    notification = delivery.notification
    account = notification.account
    channel = CHANNEL.get(delivery.channel)
    if channel is None:
        return f"There is no channel {delivery.channel} any more."
    if notification.event not in MESSAGES:
        return f"There is no message {notification.event} any more."
    if not account.is_active:
        return "The account is deactivated."
    if not may_read(account, notification, timezone.now()):
        return "The account may not view any more what this is about."
    if not channel.reaches(account):
        return "The account has no address on this channel."
    if ended := _asks_no_longer(notification, timezone.now()):
        return ended
    off = Preference.objects.filter(account=account, event=notification.event, channel=delivery.channel)
    if can_be_off(notification.event) and off.exists():
        return "The account switched this message off."
    return channel.unavailable()


def _asks_no_longer(notification: Notification, now: datetime) -> str:
    """That what the message asks for is over, if it is."""
    message = MESSAGES[notification.event]
    if message.until is not None and datetime.fromisoformat(notification.context[message.until]) <= now:
        return "The time for what it asks has passed."
    prefix, _, aggregate = notification.subject.partition(":")
    confirmed = Proposal.objects.filter(confirmed_at__isnull=False)
    if prefix == Proposal.stream_prefix and confirmed.filter(id=aggregate).exists():
        return "The second person was found already."
    return ""


def _end(delivery: Delivery, state: DeliveryState, error: str) -> None:
    open_states = [DeliveryState.WAITING]
    if state == DeliveryState.SENT:  # taken back while it was leaving: it has left all the same
        open_states.append(DeliveryState.SKIPPED)
    Delivery.objects.filter(id=delivery.id, state__in=open_states).update(
        state=state,
        last_error=storable(error),
        sent_at=timezone.now() if state == DeliveryState.SENT else None,
    )


def storable(error: str) -> str:
    """A server may answer anything: halves of surrogate pairs and NUL are written as escapes."""
    return error[:ERROR_LENGTH].encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
