"""Channel, time and subject as a reader asks for them, where the id of a decision is not known."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.http import HttpRequest

from governance.access.queries import visible_to
from governance.access.requests import actor_from
from governance.errors import InvalidInput
from governance.registry.models import Channel
from releases.bundles.times import asked_moment

LONGEST_SUBJECT = 200
INCOMPLETE = "Name the channel, the time and the subject: only all three say which release was to answer."
UNSEEN = "None of the channels that you see is the one that was asked for. Choose one from the list."
UNREADABLE = "The subject holds a zero byte, which no pseudonym has. Copy it from where it was logged."


@dataclass(frozen=True)
class Place:
    """What was asked, what it means, and the channels to choose from. A time without a zone is UTC."""

    channels: tuple[Channel, ...]
    channel: Channel | None
    at: str
    moment: datetime | None
    subject: str
    wrong: str

    @property
    def is_whole(self) -> bool:
        """Whether all three are there and mean something."""
        return self.channel is not None and self.moment is not None and bool(self.subject)

    @classmethod
    def of(cls, request: HttpRequest) -> "Place":
        """As the address has it; nothing is wrong where nothing is asked."""
        rows = visible_to(Channel.objects.select_related("system"), actor_from(request))
        channels = tuple(rows.order_by("system__slug", "name"))
        given = {name: request.GET.get(name, "").strip() for name in ("channel", "at", "subject")}
        subject = given["subject"][:LONGEST_SUBJECT]
        channel = _chosen(channels, given["channel"])
        moment, wrong = _moment(given["at"])
        if not wrong and "\0" in subject:
            subject, wrong = "", UNREADABLE
        if not wrong and given["channel"] and channel is None:
            wrong = UNSEEN
        if not wrong and any(given.values()):
            wrong = "" if channel and moment and subject else INCOMPLETE
        return cls(channels, channel, given["at"][:60], moment, subject, wrong)


def _chosen(channels: tuple[Channel, ...], asked: str) -> Channel | None:
    try:
        key = UUID(asked)
    except ValueError:
        return None
    return next((one for one in channels if one.pk == key), None)


def _moment(asked: str) -> tuple[datetime | None, str]:
    """The time, and what is wrong with it."""
    if not asked:
        return None, ""
    try:
        return asked_moment(asked, zone=UTC), ""
    except InvalidInput as refusal:
        return None, refusal.message
