"""Log before act: an assignment that waits for the ledger serves from the first signed checkpoint that covers
its entry, and until then what answered before goes on answering.

Nothing is written when that happens: effect is derived from the assignment, its entry's place in the tree and
the checkpoints that were signed, so it comes out the same whenever it is asked, for any moment. What takes
back, pauses or rehearses never waits; neither does anything on a system without the switch. One change waits
at a time: whoever goes forward twice would show people what nobody has looked at.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, DateTimeField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Greatest
from django.db.models.lookups import LessThanOrEqual

from governance.background.transient import Transient
from governance.errors import GovernanceError
from governance.ledger.models import SignedCheckpoint
from releases.bundles.models import Assignment

SERVES, PENDING = "serves", "pending_seal"
"""What queries add to an assignment, see there."""


class PendingSeal(GovernanceError, Transient):
    """What was changed last on the channel waits for the ledger, so nobody has been shown it yet."""

    code = "pending_seal"
    status = 409
    title = "The change before waits for the ledger"
    next_step = (
        "Repeat it in a second; if it stays so, /readyz says why nothing is signed. Roll back at any time."
    )


def in_effect(at: datetime | None = None) -> Q:
    """Of the assignments, the one of each channel that answers at ``at``; without a time, now.

    Ends are no question here: each ends when the next one begins, and one that waits has not begun.
    """
    stands = Q(period__upper_inf=True) if at is None else Q(period__contains=at)
    waiting = Assignment.objects.filter(stands & ~served(at), waits_for_seal=True)
    earlier = Assignment.objects.filter(
        served(at), channel=OuterRef("channel"), period__startswith__lt=OuterRef("period__startswith")
    )
    before = Subquery(earlier.order_by("-period__startswith").values("id")[:1])
    return (stands & served(at)) | Q(id__in=waiting.annotate(before=before).values("before"))


def waiting_beside(at: datetime | None = None) -> Exists:
    """Whether a newer assignment of the channel waits for the ledger."""
    newer = Assignment.objects.filter(
        ~served(at),
        waits_for_seal=True,
        channel=OuterRef("channel"),
        period__startswith__gt=OuterRef("period__startswith"),
    )
    return Exists(newer if at is None else newer.filter(period__startswith__lte=at))


def served(at: datetime | None = None) -> Q:
    """The assignments that may serve at ``at``: those that wait for nothing, or that are signed by then."""
    if at is None:
        return Q(waits_for_seal=False) | Q(Exists(_covering()))
    # A time that is null is neither before nor after: what no checkpoint covers must be known not to serve.
    signed_by_then = Q(Exists(_covering())) & Q(LessThanOrEqual(_signed_at(), Value(at)))
    return Q(waits_for_seal=False) | signed_by_then


def with_serves(rows: QuerySet[Assignment]) -> QuerySet[Assignment]:
    """With ``serves``: when the assignment began to serve; null where it still waits."""
    begins = F("period__startswith")
    # Greatest answers the other one where one is null, so what is not signed yet is told apart first.
    sealed = Case(When(served(), then=Greatest(begins, _signed_at())), default=Value(None))
    given = Case(When(waits_for_seal=False, then=begins), default=sealed, output_field=DateTimeField())
    return rows.annotate(**{SERVES: given})


def spans(rows: Iterable[Any]) -> list[tuple[Any, datetime, datetime | None]]:
    """Which of a channel's assignments, given in their order, served from when to when; the last has no end.

    One that waited until a newer one served has never answered anybody, and is left out.
    """
    found: list[tuple[Any, datetime, datetime | None]] = []
    end: datetime | None = None
    for row in reversed(list(rows)):
        if row.serves is not None and (end is None or row.serves < end):
            found.append((row, row.serves, end))
            end = row.serves
    return found[::-1]


def check_nothing_waits(channel: UUID) -> timedelta:
    """That what was changed last on the channel serves; answers how much later than it was made.

    Raises:
        PendingSeal: it waits for the ledger.
    """
    newest = waiting().filter(channel=channel).order_by().first()
    if newest is None:
        return timedelta(0)
    if newest.serves is None:
        raise PendingSeal(still_waits(newest))
    made: datetime = newest.period.lower
    return newest.serves - made


def waiting() -> QuerySet[Assignment]:
    """What stands now and waits for the ledger, or did; with since when it ``serves``."""
    return with_serves(Assignment.objects.filter(waits_for_seal=True, period__upper_inf=True))


def unsigned() -> QuerySet[Assignment]:
    """Of those, what still waits."""
    return waiting().filter(**{f"{SERVES}__isnull": True})


def still_waits(assignment: Assignment) -> str:
    """That it does, in words."""
    return f"What was changed at {assignment.period.lower:%F %T} UTC is not in a signed checkpoint yet."


THAT_WAIT = "that_wait"
"""Where lists of deployments keep what of theirs waits for the ledger."""


def _signed_at() -> Subquery:
    """When the first checkpoint that covers the assignment's entry was signed; null before."""
    return Subquery(_covering().order_by("checkpoint_id").values("signed_at")[:1])


def _covering() -> QuerySet[SignedCheckpoint]:
    return SignedCheckpoint.objects.filter(checkpoint_id__gt=OuterRef("entry__leaf__index"))
