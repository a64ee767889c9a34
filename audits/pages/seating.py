"""A request's seats as rows, and what the reader may do with them."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from governance.actors import Actor
from governance.errors import GovernanceError
from governance.ledger.models import Entry
from governance.registry.models import ChannelKind
from releases.approvals.ballots import Ballot, Seat, ballot_of
from releases.approvals.eligibility import check_voter
from releases.approvals.models import ApprovalRequest, RequestState, Vote, VoteDecision
from releases.approvals.queries import effective_state
from releases.approvals.rulebook import ANY

DECIDED = {
    "approve": ("pass", "approved"),
    "reject": ("fail", "rejected"),
    "request_changes": ("held", "asked for changes"),
}
SOON = 24 * 3600


@dataclass(frozen=True)
class SeatRow:
    """One seat: what it is, why it is asked, who sits there or could."""

    title: str
    asks: str
    vote: Vote | None
    entry: Entry | None
    is_yours: bool
    eligible: tuple[str, ...]


@dataclass(frozen=True)
class Deadline:
    """When a request ends: in a word how it looks, and in words how long that is."""

    at: datetime
    look: str
    text: str


@dataclass(frozen=True)
class Seating:
    """All that a page says about a request."""

    request: ApprovalRequest
    state: RequestState
    rows: tuple[SeatRow, ...]
    refusals: dict[str, str]
    """For each decision, why the reader may not make it; '' where nothing stands in the way."""
    yours: tuple[str, ...]
    others: tuple[Vote, ...]
    deadline: Deadline

    @property
    def filled(self) -> int:
        """Seats that somebody sits in."""
        return sum(row.vote is not None for row in self.rows)

    @property
    def may_vote(self) -> bool:
        """Whether the reader could approve."""
        return not self.refusals[VoteDecision.APPROVE]

    @property
    def is_open(self) -> bool:
        """Whether votes are taken."""
        return self.state is RequestState.OPEN

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels asked for, by name."""
        return tuple(sorted(row.channel.name for row in self.request.channel_rows.all()))


def deadline_of(at: datetime, now: datetime) -> Deadline:
    """How the deadline looks at ``now``."""
    left = (at - now).total_seconds()
    if left <= 0:
        return Deadline(at, "overdue", f"{_span(-left)} overdue")
    return Deadline(at, "held" if left < SOON else "open", f"{_span(left)} left")


def _span(seconds: float) -> str:
    hours = int(seconds // 3600)
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} h {int(seconds % 3600 // 60)} min" if hours else f"{int(seconds // 60)} min"


def seating_of(actor: Actor, request: ApprovalRequest) -> Seating:
    """The request seat by seat, as the actor sees it."""
    now = timezone.now()
    ballot = ballot_of(request, now)
    listed = ballot.seat_list()
    entries = _entries_of_votes(request)
    sitting = {seat.vote.id for seat in listed if seat.vote}
    return Seating(
        request=request,
        state=effective_state(request, now),
        rows=tuple(_row(actor, request, seat, entries) for seat in listed),
        refusals={decision: _refusal(actor, request, ballot, decision) for decision in VoteDecision.values},
        yours=tuple(dict.fromkeys(seat.title for seat in listed if actor.username in seat.eligible)),
        others=tuple(vote for vote in ballot.votes if vote.id not in sitting),
        deadline=deadline_of(request.deadline_at, now),
    )


def _refusal(actor: Actor, request: ApprovalRequest, ballot: Ballot, decision: str) -> str:
    """Why the actor may not decide so; a proof that is too old is no reason, the form asks for a new one."""
    try:
        check_voter(actor, request, ballot, decision=decision, at=timezone.now())
    except GovernanceError as refusal:
        return f"{refusal.message} {refusal.next_step}".strip()
    return ""


def _row(actor: Actor, request: ApprovalRequest, seat: Seat, entries: dict[str, Entry]) -> SeatRow:
    return SeatRow(
        title=seat.title,
        asks=_asks(request, seat),
        vote=seat.vote,
        entry=entries.get(str(seat.vote.id)) if seat.vote else None,
        is_yours=actor.username in seat.eligible,
        eligible=seat.eligible,
    )


def _asks(request: ApprovalRequest, seat: Seat) -> str:
    """Which rule asks for the seat."""
    rule = next(found for found in request.rule_snapshot["rules"] if found["key"] == seat.rule_key)
    who = seat.role.replace("_", " ") if seat.role else "named people"
    kinds = [ChannelKind(kind).label for kind in rule["channel_kinds"] if kind != ANY]
    categories = [str(name).replace("_", " ") for name in rule["categories"] if name != ANY]
    parts = [who, *(["on " + ", ".join(kinds)] if kinds else []), *categories]
    return " · ".join(parts)


def _entries_of_votes(request: ApprovalRequest) -> dict[str, Entry]:
    rows = Entry.objects.filter(stream=request.stream(), document__type="vote.cast").select_related("leaf")
    return {str(entry.document["after"]["vote"]): entry for entry in rows}
