"""Which rule each person counts for, so that as many seats as possible are filled: by branch and bound.

A person counts for one rule only, and there for each of its channels that the person covers. Where every
rule asks at one place this is bipartite matching; with rules that ask on several channels it is a
partition of people into covers, which no augmenting path solves. The people of one request are few and
many of them alike, and so are rules; states that differ only by a swap of such are visited once.
Pure: no database, no clock.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

MOST_STEPS = 50_000
"""States visited at most, some seconds of work. Requests as people make them take fewer than a hundred, and
up to here the answer is exact. Beyond, it is the best that was found: a request may then wait for one more
vote than it needs, but is never met without the votes it needs."""


class Place(NamedTuple):
    """Where seats stand: a rule, and the channel if the rule asks for its people on each channel."""

    rule: str
    channel: str = ""


Able = frozenset[Place]
"""The places that a person covers."""
Left = tuple[tuple[int, ...], ...]
"""By rule and channel, how many people are still asked for."""
Option = tuple[int, tuple[int, ...]]
"""The number of a rule that a person may count for, and of its channels those that the person covers."""


def best_rules(demand: Mapping[Place, int], people: Sequence[Able]) -> tuple[str, ...]:
    """For each person the rule to count for, '' for none, so that the most seats are filled.

    Args:
        demand: how many different people each place asks for.
        people: what each covers; places not in demand are left out of account.
    """
    search = _Search(demand, people)
    search.descend(0, search.counts, 0)
    chosen = [""] * len(people)
    for position, rule in zip(search.order, search.best, strict=True):
        chosen[position] = search.rules[rule] if rule is not None else ""
    return tuple(chosen)


class _Search:
    """Depth first, one person after the other, the most constrained first and people alike side by side."""

    def __init__(self, demand: Mapping[Place, int], people: Sequence[Able]) -> None:
        self.rules = list(dict.fromkeys(place.rule for place in demand))
        self.places = [[place for place in demand if place.rule == rule] for rule in self.rules]
        self.counts: Left = tuple(tuple(demand[place] for place in places) for places in self.places)
        options = [self._options(able) for able in people]
        self.order = sorted(range(len(people)), key=lambda person: (len(options[person]), options[person]))
        self.in_turn = [options[person] for person in self.order]
        self.coverers = self._coverers()
        self.kind = self._kinds()
        self.best: list[int | None] = []
        self.most = -1
        self.path: list[int | None] = []
        self.seen: set[tuple[int, Left]] = set()

    def _options(self, able: Able) -> list[Option]:
        """The rules to choose from, the widest first."""
        covered = (
            (rule, tuple(at for at, place in enumerate(places) if place in able))
            for rule, places in enumerate(self.places)
        )
        return sorted((option for option in covered if option[1]), key=lambda one: (-len(one[1]), one))

    def _coverers(self) -> list[list[list[int]]]:
        """For each depth of the search, how many of the people to come cover each place."""
        counted = [[[0] * len(places) for places in self.places]]
        for options in reversed(self.in_turn):
            more = [list(row) for row in counted[-1]]
            for rule, channels in options:
                for channel in channels:
                    more[rule][channel] += 1
            counted.append(more)
        return counted[::-1]

    def _kinds(self) -> list[int]:
        """By rule, the first rule that asks for the same and that the same people cover in the same way."""
        looks: dict[object, int] = {}
        kinds = []
        for rule, counts in enumerate(self.counts):
            covered = tuple(dict(options).get(rule) for options in self.in_turn)
            kinds.append(looks.setdefault((counts, covered), rule))
        return kinds

    def _same_for(self, left: Left) -> Left:
        """What stands for all states that differ from ``left`` by a swap of rules alike."""
        by_kind: dict[int, list[tuple[int, ...]]] = {}
        for rule, row in enumerate(left):
            by_kind.setdefault(self.kind[rule], []).append(row)
        return tuple(row for rows in by_kind.values() for row in sorted(rows))

    def descend(self, depth: int, left: Left, filled: int) -> None:
        """Try all choices of the people from ``depth`` on; ``left`` is what the places still ask for."""
        if filled > self.most:
            self.most = filled
            self.best = [*self.path, *[None] * (len(self.in_turn) - depth)]
        if depth == len(self.in_turn) or filled + self._bound(depth, left) <= self.most:
            return
        state = (depth, self._same_for(left))
        if state in self.seen or len(self.seen) >= MOST_STEPS:
            return
        self.seen.add(state)
        for rule, channels in self._useful(depth, left):
            row = left[rule]
            rest = tuple(n - 1 if at in channels and n else n for at, n in enumerate(row))
            gain = sum(row) - sum(rest)
            self.path.append(rule if gain else None)
            self.descend(depth + 1, (*left[:rule], rest, *left[rule + 1 :]), filled + gain)
            self.path.pop()

    def _useful(self, depth: int, left: Left) -> list[Option]:
        """Choices that fill something, those that fill most first, one of each that are alike; else any."""
        gains: dict[tuple[int, tuple[int, ...]], tuple[int, Option]] = {}
        for rule, channels in self.in_turn[depth]:
            gain = sum(left[rule][channel] > 0 for channel in channels)
            gains.setdefault((self.kind[rule], left[rule]), (-gain, (rule, channels)))
        useful = [option for gain, option in sorted(gains.values()) if gain]
        return useful or self.in_turn[depth][:1] or [(0, ())]

    def _bound(self, depth: int, left: Left) -> int:
        """No more seats than this can be filled from here: by place, and by person."""
        by_place = sum(
            min(asked, coming)
            for row, counted in zip(left, self.coverers[depth], strict=True)
            for asked, coming in zip(row, counted, strict=True)
        )
        by_person = sum(
            max((sum(left[rule][at] > 0 for at in channels) for rule, channels in options), default=0)
            for options in self.in_turn[depth:]
        )
        return min(by_place, by_person)
