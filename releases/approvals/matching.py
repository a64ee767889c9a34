"""Votes to seats: exact and deterministic.

A seat stands at a place: a rule, and one of its channels if the rule asks for people on each of them. A
person counts for one rule only and fills there a seat on each channel that the person covers.

Two facts carry the rest. First, a vote counts exactly if everybody who counts can hold a seat of their own
at the same time (Kuhn's augmenting paths); such sets form a matroid, so somebody seated once keeps a seat
for good, though it may become another, and a vote that finds none never will. Second, of the ways to seat
all of them, one fills as many seats as any assignment of people to rules can
(:mod:`releases.approvals.coverage`), and so all of them once that is possible.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from typing import TypeVar

from releases.approvals.coverage import Place, best_rules

Voter = TypeVar("Voter", bound=Hashable)

Seating = tuple[Voter | None, ...]
"""Aligned with the seats: who sits there, or None."""


def seat_voters(
    seats: Sequence[Place], voters: Iterable[Voter], may_fill: Mapping[Voter, Set[Place]]
) -> Seating[Voter]:
    """Fill as many seats as any assignment of the voters to rules fills.

    Args:
        seats: the place of each seat; a rule that asks for n people has n seats at each of its places.
        voters: in the order in which they voted; who stands there twice counts once.
        may_fill: the places that each voter covers.

    Returns:
        One item per seat: the voter, or None for an open seat. Whoever counts has at least one seat; all
        seats of one voter are of one rule, on different channels.
    """
    own = _matched(seats, voters, may_fill)
    if len({place.rule for place in seats}) == len(set(seats)):
        return tuple(own)
    members = _in_order(voters, set(own))
    able = [frozenset(may_fill[voter]) for voter in members]
    rules = best_rules(Counter(seats), able)
    seated = _seated_by_rule(seats, dict(zip(members, rules, strict=True)), may_fill)
    for voter in members:
        if voter not in seated:
            _make_room(voter, seats, may_fill, seated, set())
    return tuple(seated)


def _in_order(voters: Iterable[Voter], chosen: Set[Voter | None]) -> list[Voter]:
    return [voter for voter in dict.fromkeys(voters) if voter in chosen]


def _matched(
    seats: Sequence[Place], voters: Iterable[Voter], may_fill: Mapping[Voter, Set[Place]]
) -> list[Voter | None]:
    """Each voter in a seat of their own, as many as can be, the earlier ones first."""
    seated: list[Voter | None] = [None] * len(seats)
    for voter in dict.fromkeys(voters):
        _augment(voter, seats, may_fill, seated, set())
    return seated


def _augment(
    voter: Voter,
    seats: Sequence[Place],
    may_fill: Mapping[Voter, Set[Place]],
    seated: list[Voter | None],
    tried: set[int],
) -> bool:
    """Seat ``voter``, moving others to further seats where that helps; answers whether it worked."""
    wanted = [index for index, place in enumerate(seats) if place in may_fill.get(voter, frozenset())]
    for index in [seat for seat in wanted if seated[seat] is None and seat not in tried]:
        seated[index] = voter
        return True
    for index in wanted:
        if index in tried:
            continue
        tried.add(index)
        sitting = seated[index]
        if sitting is None or _augment(sitting, seats, may_fill, seated, tried):
            seated[index] = voter
            return True
    return False


def _seated_by_rule(
    seats: Sequence[Place], rule_of: Mapping[Voter, str], may_fill: Mapping[Voter, Set[Place]]
) -> list[Voter | None]:
    """The seats of each place taken in order by those who count for the rule and cover the place."""
    waiting = {
        place: [voter for voter, rule in rule_of.items() if rule == place.rule and place in may_fill[voter]]
        for place in dict.fromkeys(seats)
    }
    return [waiting[place].pop(0) if waiting[place] else None for place in seats]


def _make_room(
    voter: Voter,
    seats: Sequence[Place],
    may_fill: Mapping[Voter, Set[Place]],
    seated: list[Voter | None],
    tried: set[int],
) -> bool:
    """Give ``voter``, who has no seat, one of somebody who has several, through moves of those with one.

    No seat is opened by it, and there is always a way for voters who can all have a seat of their own.
    """
    for index, place in enumerate(seats):
        if place not in may_fill[voter] or index in tried:
            continue
        tried.add(index)
        sitting = seated[index]
        if sitting is None or seated.count(sitting) > 1:
            seated[index] = voter
            return True
        if _make_room(sitting, seats, may_fill, seated, tried):
            seated[index] = voter
            return True
    return False


def open_seats(seating: Sequence[object | None]) -> tuple[int, ...]:
    """Indexes of the seats that nobody fills."""
    return tuple(index for index, voter in enumerate(seating) if voter is None)


def seats_within_reach(
    seats: Sequence[Place],
    voters: Sequence[Voter],
    may_fill: Mapping[Voter, Set[Place]],
    candidate: Voter,
    seating: Seating[Voter] | None = None,
) -> frozenset[int]:
    """The open seats that one more vote, by ``candidate``, helps to fill, moving others where that helps.

    These are the seats that it fills beside all that are filled. Where there is none, the seats that
    somebody could move to because of it, though another opens: such a vote may be what the last seat needs.
    Empty when the vote adds nothing, now or later. ``seating`` is that of the voters, if it is known.
    """
    if seating is None:
        known = seat_voters(seats, voters, may_fill)
        return seats_within_reach(seats, voters, may_fill, candidate, known)
    everybody: list[Voter] = [*voters, candidate]
    matched: list[Voter | None] = _matched(seats, everybody, may_fill)
    if candidate in voters or candidate not in matched:
        return frozenset()
    gaps: dict[Place, list[int]] = {}
    for index in open_seats(seating):
        gaps.setdefault(seats[index], []).append(index)
    kept = [place for place, voter in zip(seats, seating, strict=True) if voter is not None]

    def gains(gap: Place) -> bool:
        filled = seat_voters([*kept, gap], everybody, may_fill)
        return not open_seats(filled)

    within = [gap for gap in gaps if gains(gap)]
    within = within or [gap for gap in gaps if _can_all_sit(seats, everybody, may_fill, gap)]
    return frozenset(index for gap in within for index in gaps[gap])


def _can_all_sit(
    seats: Sequence[Place], voters: Sequence[Voter], may_fill: Mapping[Voter, Set[Place]], at: Place
) -> bool:
    """Whether all voters who count can have a seat of their own while one of them sits at ``at``."""
    own: list[Voter | None] = _matched(seats, voters, may_fill)
    members = _in_order(voters, set(own))
    rest = list(seats)
    rest.remove(at)
    for voter in members:
        others = [other for other in members if other != voter]
        left: list[Voter | None] = _matched(rest, others, may_fill)
        if at in may_fill[voter] and set(others) <= set(left):
            return True
    return False
