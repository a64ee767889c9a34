"""Votes to seats: exact against brute force, and the cases where a simpler way of counting goes wrong."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st

from releases.approvals.coverage import Place
from releases.approvals.matching import open_seats, seat_voters, seats_within_reach

SYSTEM = (Place("a"), Place("b"))
ON_CHANNELS = tuple(Place(rule, channel) for rule in ("r", "s") for channel in ("android", "web", "ios"))
A, B = SYSTEM
R_ANDROID, R_WEB, R_IOS, S_ANDROID, S_WEB, S_IOS = ON_CHANNELS

Able = dict[str, frozenset[Place]]
Ballot = tuple[list[Place], Able]


@st.composite
def ballots(draw: st.DrawFn) -> Ballot:
    """Seats of two rules of coverage system and two of coverage channel, up to two people at each place."""
    places = draw(st.sets(st.sampled_from(SYSTEM + ON_CHANNELS), max_size=6))
    counts = {rule: draw(st.integers(1, 2)) for rule in ("a", "b", "r", "s")}
    seats = [place for place in sorted(places) for _ in range(counts[place.rule])]
    voters = draw(st.lists(st.tuples(st.sets(st.sampled_from("abrs")), CHANNEL_SETS), max_size=5))
    return seats, {f"voter_{number}": covers(*drawn) for number, drawn in enumerate(voters)}


CHANNEL_SETS = st.sets(st.sampled_from(("android", "web", "ios")), min_size=1)


def covers(rules: set[str], channels: set[str]) -> frozenset[Place]:
    """The places of somebody who counts for these rules, on these channels."""
    everywhere = SYSTEM + ON_CHANNELS
    return frozenset(
        place for place in everywhere if place.rule in rules and place.channel in {"", *channels}
    )


def filled_by(demand: Mapping[Place, int], rules: Sequence[str], able: Sequence[frozenset[Place]]) -> int:
    """How many seats are filled when each person counts for the rule chosen for them."""
    return sum(
        min(
            count,
            sum(rule == place.rule and place in covers for rule, covers in zip(rules, able, strict=True)),
        )
        for place, count in demand.items()
    )


def most_seats_by_brute_force(seats: Sequence[Place], able: Able) -> int:
    """The largest number of seats that some assignment of people to rules fills: all of them are tried."""
    demand = Counter(seats)
    ways = product(sorted({place.rule for place in seats}) or [""], repeat=len(able))
    return max(filled_by(demand, rules, list(able.values())) for rules in ways)


def can_be_met_by_brute_force(seats: Sequence[Place], able: Able) -> bool:
    """Whether some subset of the people, on some rules, fills every seat."""
    return any(
        most_seats_by_brute_force(seats, {name: able[name] for name in chosen}) == len(seats)
        for size in range(len(able) + 1)
        for chosen in combinations(able, size)
    )


@given(ballots())
def test_as_many_seats_are_filled_as_any_assignment_of_people_to_rules_fills(ballot: Ballot) -> None:
    seats, able = ballot

    seating = seat_voters(seats, able, able)

    assert len(seats) - len(open_seats(seating)) == most_seats_by_brute_force(seats, able)


@given(ballots())
def test_nobody_counts_for_two_rules_or_twice_at_one_place_or_where_they_may_not(ballot: Ballot) -> None:
    seats, able = ballot

    seating = seat_voters(seats, able, able)

    taken = [(voter, place) for place, voter in zip(seats, seating, strict=True) if voter is not None]
    assert len(taken) == len(set(taken))
    assert len({(voter, place.rule) for voter, place in taken}) == len({voter for voter, _ in taken})
    assert all(place in able[voter] for voter, place in taken)


@given(ballots())
def test_a_later_vote_unseats_nobody_and_opens_no_more_seats(ballot: Ballot) -> None:
    seats, able = ballot
    earlier = list(able)[:-1]

    before = seat_voters(seats, earlier, able)
    after = seat_voters(seats, able, able)

    assert set(before) - {None} <= set(after) - {None}
    assert len(open_seats(after)) <= len(open_seats(before))


@given(ballots())
def test_a_vote_that_fills_one_more_seat_reaches_it(ballot: Ballot) -> None:
    seats, able = ballot
    voters = [*able][:-1]
    candidate = [*able, "voter_none"][len(voters)]

    before = seat_voters(seats, voters, able)
    reach = seats_within_reach(seats, voters, able, candidate)

    after = seat_voters(seats, [*voters, candidate], able)
    gained = len(open_seats(before)) - len(open_seats(after))
    assert bool(reach) >= bool(gained)
    assert reach <= set(open_seats(before))
    assert bool(reach) <= (candidate in after)


def accepted_in_turn(seats: list[Place], able: Able) -> list[str]:
    """The voters in the order given, those left out whose vote would be refused; round after round."""
    accepted: list[str] = []
    waiting = list(able)
    while waiting:
        useful = next((name for name in waiting if seats_within_reach(seats, accepted, able, name)), None)
        if useful is None:
            return accepted
        accepted.append(useful)
        waiting.remove(useful)
    return accepted


@given(ballots())
def test_what_some_people_could_meet_is_met_in_whatever_order_they_vote(ballot: Ballot) -> None:
    seats, able = ballot

    accepted = accepted_in_turn(seats, able)

    seating = seat_voters(seats, accepted, able)
    assert (not open_seats(seating)) == can_be_met_by_brute_force(seats, able)


def test_the_first_voter_moves_so_that_the_second_finds_a_seat() -> None:
    able = {"both": frozenset({A, B}), "a_only": frozenset({A})}

    seating = seat_voters([A, B], ["both", "a_only"], able)

    assert seating == ("a_only", "both")


def test_one_person_with_two_roles_fills_one_seat() -> None:
    able = {"both": frozenset({A, B})}

    seating = seat_voters([A, B], ["both"], able)

    assert seating == ("both", None)
    assert seats_within_reach([A, B], ["both"], able, "both") == frozenset()


def test_a_seat_two_moves_away_is_within_reach() -> None:
    able = {"first": frozenset({A, B}), "second": frozenset({B, R_WEB}), "third": frozenset({A})}

    reach = seats_within_reach([A, B, R_WEB], ["first", "second"], able, "third")

    assert reach == {2}


def test_one_person_fills_the_seats_of_one_rule_on_all_channels_covered() -> None:
    able = {"everywhere": frozenset(ON_CHANNELS), "web": frozenset({R_WEB, S_WEB})}
    seats = [R_ANDROID, R_WEB, S_ANDROID, S_WEB]

    seating = seat_voters(seats, ["everywhere", "web"], able)

    assert seating == ("everywhere", "everywhere", None, "web")


def test_whoever_sits_on_two_channels_leaves_one_to_somebody_who_covers_only_that() -> None:
    able = {"everywhere": frozenset({R_ANDROID, R_WEB}), "web": frozenset({R_WEB})}

    seating = seat_voters([R_ANDROID, R_WEB], ["everywhere", "web"], able)

    assert seating == ("everywhere", "web")


def test_two_people_are_two_different_people_on_each_channel() -> None:
    able = {"everywhere": frozenset({R_ANDROID, R_WEB}), "web": frozenset({R_WEB})}

    seating = seat_voters([R_ANDROID, R_ANDROID, R_WEB, R_WEB], ["everywhere", "web"], able)

    assert seating == ("everywhere", None, "everywhere", "web")


def test_the_rule_where_somebody_fills_most_is_left_to_whoever_can_only_help_there() -> None:
    able = {
        "elsewhere": frozenset({R_ANDROID, R_WEB, R_IOS, S_ANDROID, S_WEB}),
        "here": frozenset({R_ANDROID, R_WEB, R_IOS, A}),
    }
    seats = [R_ANDROID, R_WEB, R_IOS, S_ANDROID, S_WEB, A]

    seating = seat_voters(seats, ["elsewhere", "here"], able)

    assert seating == ("here", "here", "here", "elsewhere", "elsewhere", None)


def test_a_vote_that_fills_nothing_by_itself_is_within_reach_where_the_last_seat_needs_it() -> None:
    able = {
        "sits_on_two_channels": frozenset({A, R_ANDROID, R_WEB}),
        "web": frozenset({R_WEB}),
        "android": frozenset({R_ANDROID}),
    }
    seats = [A, R_ANDROID, R_WEB]

    first = seats_within_reach(seats, ["sits_on_two_channels"], able, "web")
    seating = seat_voters(seats, able, able)

    assert first == {0}
    assert seating == ("sits_on_two_channels", "android", "web")


def test_a_vote_for_channels_that_are_filled_for_good_is_out_of_reach() -> None:
    able = {"everywhere": frozenset({R_ANDROID, R_WEB}), "web": frozenset({R_WEB})}

    reach = seats_within_reach([A, R_ANDROID, R_WEB], ["everywhere"], able, "web")

    assert reach == frozenset()


def test_many_rules_and_people_are_seated_in_a_moment() -> None:
    channels = [f"channel_{number}" for number in range(6)]
    seats = [Place(f"rule_{rule}", channel) for rule in range(20) for channel in channels]
    able = {
        f"reviewer_{number}": frozenset(
            place for place in seats if (number + channels.index(place.channel)) % 3 and number % 7 != 5
        )
        for number in range(40)
    }

    seating = seat_voters(seats, able, able)

    assert len(set(seating) - {None}) > 20
