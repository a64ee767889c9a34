"""Votes to seats: exact against brute force, and the cases where a simpler way of counting goes wrong."""

from itertools import combinations, permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from releases.approvals.matching import open_seats, seat_voters, seats_within_reach

RULES = ("a", "b", "c")


@st.composite
def ballots(draw: st.DrawFn) -> tuple[list[str], dict[str, frozenset[str]]]:
    seats = draw(st.lists(st.sampled_from(RULES), max_size=5))
    voters = draw(st.integers(min_value=0, max_value=5))
    able = st.frozensets(st.sampled_from(RULES))
    return sorted(seats), {f"voter_{number}": draw(able) for number in range(voters)}


def most_seats_by_brute_force(seats: list[str], able: dict[str, frozenset[str]]) -> int:
    """The largest number of seats that some assignment of distinct voters to seats fills."""
    sizes = range(min(len(seats), len(able)), -1, -1)
    return next(
        size
        for size in sizes
        if any(
            all(seats[seat] in able[voter] for seat, voter in zip(chosen, people, strict=True))
            for chosen in combinations(range(len(seats)), size)
            for people in permutations(able, size)
        )
    )


@settings(deadline=None)  # brute force takes its time
@given(ballots())
def test_as_many_seats_are_filled_as_any_assignment_fills(
    ballot: tuple[list[str], dict[str, frozenset[str]]],
) -> None:
    seats, able = ballot

    seating = seat_voters(seats, able, able)

    assert len(seats) - len(open_seats(seating)) == most_seats_by_brute_force(seats, able)


@settings(deadline=None)  # brute force takes its time
@given(ballots())
def test_nobody_sits_twice_or_where_they_may_not(
    ballot: tuple[list[str], dict[str, frozenset[str]]],
) -> None:
    seats, able = ballot

    seating = seat_voters(seats, able, able)

    seated = [voter for voter in seating if voter is not None]
    assert len(seated) == len(set(seated))
    assert all(rule in able[voter] for rule, voter in zip(seats, seating, strict=True) if voter is not None)


@settings(deadline=None)  # brute force takes its time
@given(ballots())
def test_a_later_vote_unseats_nobody(ballot: tuple[list[str], dict[str, frozenset[str]]]) -> None:
    seats, able = ballot
    earlier = list(able)[:-1]

    before = seat_voters(seats, earlier, able)
    after = seat_voters(seats, able, able)

    assert set(before) - {None} <= set(after) - {None}


@settings(deadline=None)  # brute force takes its time
@given(ballots())
def test_a_vote_reaches_an_open_seat_exactly_if_it_fills_one_more(
    ballot: tuple[list[str], dict[str, frozenset[str]]],
) -> None:
    seats, able = ballot
    voters = [*able][:-1]
    candidate = [*able, "voter_none"][len(voters)]

    before = seat_voters(seats, voters, able)
    reach = seats_within_reach(seats, voters, able, candidate)

    gained = most_seats_by_brute_force(
        seats, {voter: able[voter] for voter in voters} | {candidate: able.get(candidate, frozenset())}
    ) - most_seats_by_brute_force(seats, {voter: able[voter] for voter in voters})
    assert bool(reach) == bool(gained)
    assert reach <= set(open_seats(before))


def test_the_first_voter_moves_so_that_the_second_finds_a_seat() -> None:
    able = {"both": frozenset({"approver", "security"}), "approver_only": frozenset({"approver"})}

    seating = seat_voters(["approver", "security"], ["both", "approver_only"], able)

    assert seating == ("approver_only", "both")


def test_one_person_with_two_roles_fills_one_seat() -> None:
    able = {"both": frozenset({"approver", "security"})}

    seating = seat_voters(["approver", "security"], ["both"], able)

    assert seating == ("both", None)
    assert seats_within_reach(["approver", "security"], ["both"], able, "both") == frozenset()


def test_a_seat_two_moves_away_is_within_reach() -> None:
    able = {
        "first": frozenset({"a", "b"}),
        "second": frozenset({"b", "c"}),
        "third": frozenset({"a"}),
    }

    reach = seats_within_reach(["a", "b", "c"], ["first", "second"], able, "third")

    assert reach == {2}
