"""A request's seats as rows, and what the reader may do with them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from governance.access.queries import visible_to
from governance.actors import Actor
from governance.errors import GovernanceError
from governance.ledger.models import Entry
from governance.registry.models import ChannelKind
from releases.approvals.ballots import Ballot, Seat, ballot_of
from releases.approvals.eligibility import check_voter
from releases.approvals.grounds import ends_with_override
from releases.approvals.models import ApprovalRequest, RequestState, Vote, VoteDecision
from releases.approvals.previewing import preview_seats
from releases.approvals.queries import effective_state
from releases.approvals.rulebook import ANY, AskedRule, Rule
from releases.bundles.models import Revision

DECIDED = {
    "approve": ("pass", "approved"),
    "reject": ("fail", "rejected"),
    "request_changes": ("held", "asked for changes"),
}
SOON = 24 * 3600


@dataclass(frozen=True)
class SeatRow:
    """One seat: where it stands, who sits there or could."""

    place: str
    vote: Vote | None
    entry: Entry | None
    is_yours: bool
    eligible: tuple[str, ...]

    @property
    def others(self) -> tuple[str, ...]:
        """Who could fill it beside the reader."""
        return self.eligible[: len(self.eligible) - self.is_yours]


@dataclass(frozen=True)
class RuleRows:
    """The seats of one rule: what it is called, whom it asks for and why."""

    title: str
    asks: str
    rows: tuple[SeatRow, ...]

    @property
    def filled(self) -> int:
        """Seats that somebody sits in."""
        return sum(row.vote is not None for row in self.rows)

    @property
    def is_single(self) -> bool:
        """Whether there is one seat only, which then needs no heading of its own."""
        return len(self.rows) == 1


@dataclass(frozen=True)
class Foreseen:
    """Who could fill which seat of a request that does not exist yet."""

    groups: tuple[RuleRows, ...]
    channels: tuple[str, ...]
    refusals: tuple[GovernanceError, ...]

    @property
    def seats(self) -> int:
        """How many seats the request would have."""
        return sum(len(group.rows) for group in self.groups)


@dataclass(frozen=True)
class Deadline:
    """When a request ends: in a word how it looks, in words how long that is, and whether its override ends
    with it."""

    at: datetime
    look: str
    text: str
    is_of_override: bool = False


@dataclass(frozen=True)
class Seating:
    """All that a page says about a request."""

    request: ApprovalRequest
    state: RequestState
    groups: tuple[RuleRows, ...]
    refusals: dict[str, str]
    """For each decision, why the reader may not make it; '' where nothing stands in the way."""
    yours: tuple[str, ...]
    others: tuple[Vote, ...]
    deadline: Deadline
    elsewhere: bool = False
    """Whether it is for channels on which the reader holds nothing: read, and nothing in it is theirs."""

    @property
    def rows(self) -> tuple[SeatRow, ...]:
        """All seats, rule by rule."""
        return tuple(row for group in self.groups for row in group.rows)

    @property
    def filled(self) -> int:
        """Seats that somebody sits in."""
        return sum(group.filled for group in self.groups)

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


def deadline_of(request: ApprovalRequest, now: datetime) -> Deadline:
    """How the request's deadline looks at ``now``; where an override ends with it, that is said."""
    at = request.deadline_at
    left = (at - now).total_seconds()
    if left <= 0:
        return Deadline(at, "overdue", f"{_span(-left)} overdue")
    look = "held" if left < SOON else "open"
    return Deadline(at, look, f"{_span(left)} left", ends_with_override(request))


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
        groups=_groups(actor, ballot.rules, listed, entries),
        refusals={decision: _refusal(actor, request, ballot, decision) for decision in VoteDecision.values},
        yours=_yours(actor, listed),
        others=tuple(vote for vote in ballot.votes if vote.id not in sitting),
        deadline=deadline_of(request, now),
        elsewhere=not visible_to(ApprovalRequest.objects.filter(pk=request.pk), actor).exists(),
    )


def _refusal(actor: Actor, request: ApprovalRequest, ballot: Ballot, decision: str) -> str:
    """Why the actor may not decide so; a proof that is too old is no reason, the form asks for a new one."""
    try:
        check_voter(actor, request, ballot, decision=decision, at=timezone.now())
    except GovernanceError as refusal:
        return f"{refusal.message} {refusal.next_step}".strip()
    return ""


def foreseen(actor: Actor, revision: Revision) -> Foreseen:
    """The seats of a request for the revision, if it were made now."""
    preview = preview_seats(revision, actor=actor)
    return Foreseen(
        groups=_groups(actor, preview.rules, preview.seats, {}),
        channels=tuple(channel.name for channel in preview.channels),
        refusals=preview.refusals,
    )


def _groups(
    actor: Actor, rules: Iterable[AskedRule], seats: Sequence[Seat], entries: dict[str, Entry]
) -> tuple[RuleRows, ...]:
    return tuple(
        RuleRows(
            title=asked.rule.title,
            asks=_asks(asked.rule),
            rows=tuple(_row(actor, seat, entries) for seat in seats if seat.rule_key == asked.key),
        )
        for asked in rules
    )


def _row(actor: Actor, seat: Seat, entries: dict[str, Entry]) -> SeatRow:
    is_yours = actor.username in seat.eligible
    mine = (actor.username,) if is_yours else ()
    return SeatRow(
        place=seat.channel_name,
        vote=seat.vote,
        entry=entries.get(str(seat.vote.id)) if seat.vote else None,
        is_yours=is_yours,
        eligible=(*(name for name in seat.eligible if name != actor.username), *mine),
    )


def _yours(actor: Actor, seats: Sequence[Seat]) -> tuple[str, ...]:
    """The seats that the reader's approval would fill, rule by rule with the channels."""
    channels: dict[str, list[str]] = {}
    for seat in seats:
        if actor.username in seat.eligible:
            channels.setdefault(seat.title, []).append(seat.channel_name)
    return tuple(
        f"{title} on {' and '.join(dict.fromkeys(names))}" if any(names) else title
        for title, names in channels.items()
    )


def _asks(rule: Rule) -> str:
    """Whom the rule asks for, where, and for which changes."""
    who = rule.role.replace("_", " ") if rule.role else "named people"
    who = f"{rule.count} × {who}" if rule.count > 1 else who
    kinds = [ChannelKind(kind).label for kind in rule.channel_kinds if kind != ANY]
    categories = [name.replace("_", " ") for name in rule.categories if name != ANY]
    where = ["on " + ", ".join(kinds)] if kinds else []
    if rule.coverage == "channel":
        where = ["on each channel touched" + (f" of kind {', '.join(kinds)}" if kinds else "")]
    haste = ["expedited releases"] if rule.expedite else []
    return " · ".join([who, *where, *categories, *haste])


def _entries_of_votes(request: ApprovalRequest) -> dict[str, Entry]:
    rows = Entry.objects.filter(stream=request.stream(), document__type="vote.cast").select_related("leaf")
    return {str(entry.document["after"]["vote"]): entry for entry in rows}
