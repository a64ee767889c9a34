"""A request's seats, the votes that fill them and the people who could fill the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from releases.approvals.matching import open_seats, seat_voters, seats_within_reach
from releases.approvals.models import ApprovalRequest, Vote, VoteDecision
from releases.approvals.people import Electorate, Person, electorate, voters_as_they_voted
from releases.approvals.rulebook import Rule, seats_of


@dataclass(frozen=True)
class Seat:
    """One seat of a request: which rule asks for it, who sits there, or who could.

    ``role`` is empty where the rule names ``people``. ``index`` counts the rule's seats from 1.
    ``eligible`` names those whose vote would fill this seat now; it is empty for a filled one.
    """

    rule_key: str
    title: str
    role: str
    people: tuple[str, ...]
    index: int
    vote: Vote | None
    eligible: tuple[str, ...]


@dataclass(frozen=True)
class Ballot:
    """The state of the vote on a request. Built afresh whenever it is asked about."""

    rules: tuple[Rule, ...]
    votes: tuple[Vote, ...]
    voters: Mapping[UUID, Person]
    """Those who approved and count, with the roles they held when they did."""
    electorate: Electorate

    @cached_property
    def seats(self) -> tuple[str, ...]:
        """Rule key of each seat."""
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
    def _may_fill(self) -> dict[UUID, frozenset[str]]:
        known = {**self.electorate.people, **self.voters}
        return {key: person.fillable(self.rules) for key, person in known.items()}

    @cached_property
    def seating(self) -> tuple[UUID | None, ...]:
        """Account in each seat, or None."""
        return seat_voters(self.seats, self.approving, self._may_fill)

    @property
    def is_met(self) -> bool:
        """Whether every seat is filled."""
        return not open_seats(self.seating)

    def within_reach(self, account_id: UUID) -> frozenset[int]:
        """Open seats that the account's approval would fill, moving others where that helps."""
        if account_id not in self._may_fill:
            return frozenset()
        return seats_within_reach(self.seats, self.approving, self._may_fill, account_id)

    def rules_of(self, account_id: UUID) -> tuple[Rule, ...]:
        """Rules whose seats, open or not, the account could fill."""
        keys = self._may_fill.get(account_id, frozenset())
        return tuple(rule for rule in self.rules if rule.key in keys)

    def seat_list(self) -> tuple[Seat, ...]:
        """Seat by seat, in the order of the rules."""
        cast = {vote.account_id: vote for vote in self.votes}
        waiting = {key: person for key, person in self.electorate.people.items() if key not in cast}
        reach = {person.username: self.within_reach(key) for key, person in waiting.items()}
        listed = []
        rule_of = {rule.key: rule for rule in self.rules}
        for position, (key, holder) in enumerate(zip(self.seats, self.seating, strict=True)):
            rule = rule_of[key]
            able = tuple(sorted(name for name, found in reach.items() if position in found))
            index = self.seats[: position + 1].count(key)
            vote = cast[holder] if holder else None
            listed.append(Seat(key, rule.title, rule.role, rule.people, index, vote, able))
        return tuple(listed)


def rules_of_request(request: ApprovalRequest) -> tuple[Rule, ...]:
    """The rules as they were when the request was made."""
    return tuple(Rule.model_validate(rule) for rule in request.rule_snapshot["rules"])


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
