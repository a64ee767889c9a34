"""A request's seats, the votes that fill them and the people who could fill the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from releases.approvals.coverage import Place
from releases.approvals.matching import Seating, open_seats, seat_voters, seats_within_reach
from releases.approvals.models import ApprovalRequest, Vote, VoteDecision
from releases.approvals.people import Electorate, Person, electorate, voters_as_they_voted
from releases.approvals.rulebook import AskedChannel, AskedRule, Rule, seats_of


@dataclass(frozen=True)
class Seat:
    """One seat of a request: which rule asks for it and where, who sits there, or who could.

    ``role`` is empty where the rule names ``people``. ``channel`` and ``channel_name`` are empty where the
    rule asks on the whole system. ``index`` counts the seats of rule and channel from 1. ``eligible`` names
    those whose vote would fill this seat now; it is empty for a filled one.
    """

    rule_key: str
    title: str
    role: str
    people: tuple[str, ...]
    channel: str
    channel_name: str
    index: int
    vote: Vote | None
    eligible: tuple[str, ...]


@dataclass(frozen=True)
class Ballot:
    """The state of the vote on a request. Built afresh whenever it is asked about."""

    rules: tuple[AskedRule, ...]
    votes: tuple[Vote, ...]
    voters: Mapping[UUID, Person]
    """Those who approved and count, with the roles they held when they did."""
    electorate: Electorate

    @cached_property
    def seats(self) -> tuple[Place, ...]:
        """Place of each seat."""
        return seats_of(self.rules)

    @cached_property
    def approving(self) -> tuple[UUID, ...]:
        """Accounts that approved and count, in the order of their votes."""
        wanted = VoteDecision.APPROVE
        return tuple(
            vote.account_id
            for vote in self.votes
            if vote.decision == wanted and vote.account_id in self.voters
        )

    @cached_property
    def _may_fill(self) -> dict[UUID, frozenset[Place]]:
        known = {**self.electorate.people, **self.voters}
        return {key: person.fillable(self.rules) for key, person in known.items()}

    @cached_property
    def seating(self) -> Seating[UUID]:
        """Account in each seat, or None."""
        return seat_voters(self.seats, self.approving, self._may_fill)

    @property
    def is_met(self) -> bool:
        """Whether every seat is filled."""
        return not open_seats(self.seating)

    @cached_property
    def _reach(self) -> dict[frozenset[Place], frozenset[int]]:
        """What is within reach of whoever covers some places; people alike are looked at once."""
        return {}

    def within_reach(self, account_id: UUID) -> frozenset[int]:
        """Open seats that the account's approval would help to fill, moving others where that helps."""
        able = self._may_fill.get(account_id, frozenset())
        if account_id in self.approving or not able:
            return frozenset()
        if able not in self._reach:
            self._reach[able] = seats_within_reach(
                self.seats, self.approving, self._may_fill, account_id, self.seating
            )
        return self._reach[able]

    def places_of(self, account_id: UUID) -> frozenset[Place]:
        """Where the account could fill seats, open or not."""
        return self._may_fill.get(account_id, frozenset())

    def rules_of(self, account_id: UUID) -> tuple[Rule, ...]:
        """Rules whose seats, open or not, the account could fill."""
        keys = {place.rule for place in self.places_of(account_id)}
        return tuple(asked.rule for asked in self.rules if asked.key in keys)

    def described(self, account_id: UUID) -> tuple[str, ...]:
        """The seats that the account could fill in words: the title of each rule, and on which channels."""
        places = self.places_of(account_id)
        return tuple(
            _titled(asked, [place for place in asked.places if place in places])
            for asked in self.rules
            if places & set(asked.places)
        )

    def seat_list(self) -> tuple[Seat, ...]:
        """Seat by seat, in the order of the rules and within a rule channel by channel."""
        cast = {vote.account_id: vote for vote in self.votes}
        waiting = {key: person for key, person in self.electorate.people.items() if key not in cast}
        reach = {person.username: self.within_reach(key) for key, person in waiting.items()}
        listed = []
        asked_of = {asked.key: asked for asked in self.rules}
        for position, (place, holder) in enumerate(zip(self.seats, self.seating, strict=True)):
            asked = asked_of[place.rule]
            listed.append(
                Seat(
                    rule_key=asked.key,
                    title=asked.rule.title,
                    role=asked.rule.role,
                    people=asked.rule.people,
                    channel=place.channel,
                    channel_name=asked.channel_name(place),
                    index=self.seats[: position + 1].count(place),
                    vote=cast[holder] if holder else None,
                    eligible=tuple(sorted(name for name, found in reach.items() if position in found)),
                )
            )
        return tuple(listed)


def _titled(asked: AskedRule, places: list[Place]) -> str:
    names = ", ".join(name for name in (asked.channel_name(place) for place in places) if name)
    return f"{asked.rule.title} on {names}" if names else asked.rule.title


def rules_of_request(request: ApprovalRequest) -> tuple[AskedRule, ...]:
    """The rules as they were when the request was made, with the channels that met them."""
    snapshot = request.rule_snapshot
    met = snapshot.get("channels", {})
    return tuple(
        AskedRule(
            Rule.model_validate(rule),
            tuple(AskedChannel(row["channel"], row["name"]) for row in met.get(rule["key"], ())),
        )
        for rule in snapshot["rules"]
    )


def ballot_of(request: ApprovalRequest, at: datetime) -> Ballot:
    """The request's ballot at ``at``.

    A vote of somebody who contributed since counts no longer; a vote of somebody whose grant ended
    since does, as it was valid when it fell.
    """
    votes = tuple(request.votes.order_by("cast_at", "id"))
    who = electorate(request.revision, at)
    voters = voters_as_they_voted(votes, request.system_id)
    counting = {key: person for key, person in voters.items() if key not in who.contributors}
    return Ballot(rules_of_request(request), votes, counting, who)
