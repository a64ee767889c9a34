"""Reading what an account was told; everybody reads their own and nobody another's."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from governance.access.models import Account
from governance.actors import Actor
from governance.notifications.catalogue import MESSAGES, Message
from governance.notifications.channels import CHANNELS
from governance.notifications.models import Notification, Preference
from governance.notifications.reach import readable_by


def own_notifications(actor: Actor) -> QuerySet[Notification]:
    """What the actor's account was told and may still view, newest first, with the deliveries."""
    rows = readable_by(Notification.objects.filter(Q(account_id=actor.id)), actor)
    return rows.select_related("account").prefetch_related("deliveries")


@dataclass(frozen=True)
class Choice:
    """Whether an account gets a message on a channel, and whether it may change that."""

    message: Message
    channel: str
    channel_title: str
    on: bool

    @property
    def fixed(self) -> bool:
        """Whether it cannot be switched off."""
        return self.message.asks

    @property
    def key(self) -> str:
        """Its name in a form."""
        return f"{self.message.event}/{self.channel}"


def choices_of(account: Account) -> list[Choice]:
    """Every message on every channel, in the order of the catalogue."""
    off = set(Preference.objects.filter(account=account).values_list("event", "channel"))
    return [
        Choice(message, channel.name, channel.title, message.asks or (message.event, channel.name) not in off)
        for message in MESSAGES.values()
        for channel in CHANNELS
    ]
