"""Votes to seats: maximum bipartite matching, exact and deterministic.

Each person takes one seat at most and so counts for one rule only. Taking voters in the order of their
votes, and looking for augmenting paths (Kuhn's algorithm), gives a matching that is maximum after every
voter: somebody seated once keeps a seat for good, though it may become a seat of another rule.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from typing import TypeVar

Voter = TypeVar("Voter", bound=Hashable)

Seating = tuple[Voter | None, ...]
"""Aligned with the seats: who sits there, or None."""


def seat_voters(
    seats: Sequence[str], voters: Iterable[Voter], may_fill: Mapping[Voter, Set[str]]
) -> tuple[Voter | None, ...]:
    """Seat as many voters as possible.

    Args:
        seats: the rule key of each seat; a rule that asks for n people stands here n times.
        voters: in the order in which they voted; who stands there twice counts once.
        may_fill: the rule keys for which each voter counts.

    Returns:
        One item per seat: the voter, or None for an open seat.
    """
    seated: list[Voter | None] = [None] * len(seats)
    for voter in dict.fromkeys(voters):
        _augment(voter, seats, may_fill, seated, set())
    return tuple(seated)


def _augment(
    voter: Voter,
    seats: Sequence[str],
    may_fill: Mapping[Voter, Set[str]],
    seated: list[Voter | None],
    tried: set[int],
) -> bool:
    """Seat ``voter``, moving others to further seats where that helps; answers whether it worked."""
    wanted = [index for index, rule in enumerate(seats) if rule in may_fill.get(voter, frozenset())]
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


def open_seats(seating: Sequence[object | None]) -> tuple[int, ...]:
    """Indexes of the seats that nobody fills."""
    return tuple(index for index, voter in enumerate(seating) if voter is None)


def seats_within_reach(
    seats: Sequence[str], voters: Sequence[Voter], may_fill: Mapping[Voter, Set[str]], candidate: Voter
) -> frozenset[int]:
    """The open seats that one more vote, by ``candidate``, could fill, moving others where that helps.

    Empty when the candidate's vote would fill none: then the vote adds nothing to the request.
    """
    seating = seat_voters(seats, voters, may_fill)
    filled = [index for index, voter in enumerate(seating) if voter is not None]
    reach = set()
    for index in open_seats(seating):
        kept = sorted([*filled, index])
        trial = seat_voters([seats[seat] for seat in kept], [*voters, candidate], may_fill)
        if not open_seats(trial):
            reach.add(index)
    return frozenset(reach)
