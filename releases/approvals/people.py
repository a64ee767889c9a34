"""Who could vote on a system's requests, and who never does."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from governance.access.models import AccountKind, Grant
from governance.access.queries import administrators_over, grants_in_force
from releases.approvals.coverage import Place
from releases.approvals.models import Vote
from releases.approvals.rulebook import VOTING_ROLES, AskedRule, Rule
from releases.bundles.models import Revision
from releases.gates.contributors import contributors


@dataclass(frozen=True)
class Person:
    """Somebody who holds a voting role: ``roles`` on the whole system, ``on_channels`` on single ones, as
    pairs of a channel's id and the role there."""

    id: UUID
    username: str
    roles: frozenset[str]
    on_channels: frozenset[tuple[str, str]] = frozenset()

    @property
    def all_roles(self) -> frozenset[str]:
        """The voting roles held anywhere on the system."""
        return self.roles | {role for _, role in self.on_channels}

    def fills(self, rule: Rule, place: Place) -> bool:
        """Whether the person counts for the rule at the place, by name or by role.

        A grant on one channel counts on that channel alone, also for somebody whom the rule names.
        """
        held = self.roles | {role for channel, role in self.on_channels if channel == place.channel}
        return self.username in rule.people and bool(held) if rule.people else rule.role in held

    def fillable(self, rules: Iterable[AskedRule]) -> frozenset[Place]:
        """The places that the person covers."""
        return frozenset(place for asked in rules for place in asked.places if self.fills(asked.rule, place))


HELD = ("account_id", "account__username", "role", "channel_id")
"""What is read of a grant to know what its holder may fill."""


def gathered(rows: Iterable[tuple[UUID, str, str, UUID | None]]) -> dict[UUID, Person]:
    """People by account from their grants: account, username, role and the channel if it is on one only."""
    found: dict[UUID, Person] = {}
    for account, username, role, channel in rows:
        person = found.get(account) or Person(account, username, frozenset())
        if channel is None:
            found[account] = replace(person, roles=person.roles | {role})
        else:
            found[account] = replace(person, on_channels=person.on_channels | {(str(channel), role)})
    return found


def of_system(system_id: UUID) -> Q:
    """Grants on the whole system or on one of its channels."""
    return Q(system_id=system_id) | Q(channel__system_id=system_id)


def voting_people(system_id: UUID, at: datetime) -> dict[UUID, Person]:
    """Persons with a voting role on the system or one of its channels at ``at``."""
    rows = grants_in_force(at).filter(
        of_system(system_id), role__in=VOTING_ROLES, account__kind=AccountKind.PERSON
    )
    return gathered(rows.values_list(*HELD))


def voters_as_they_voted(votes: Iterable[Vote], system_id: UUID) -> dict[UUID, Person]:
    """Each voter with the roles held when the vote was cast: a later change of grants unseats nobody."""
    cast = {vote.account_id: vote for vote in votes}
    grants = Grant.objects.filter(of_system(system_id), account_id__in=cast, role__in=VOTING_ROLES)
    return held_when_cast(cast, grants)


def held_when_cast(cast: Mapping[UUID, Vote], grants: Iterable[Grant]) -> dict[UUID, Person]:
    """The voters with those of ``grants`` that were in force when each voted."""
    return gathered(
        (grant.account_id, cast[grant.account_id].username, grant.role, grant.channel_id)
        for grant in grants
        if grant.account_id in cast and grant.is_in_force(cast[grant.account_id].cast_at)
    )


def administrator_ids(system_id: UUID, at: datetime) -> set[UUID]:
    """Active accounts that administer the installation or this system at ``at``."""
    return set(administrators_over(system_id, at).values_list("id", flat=True))


@dataclass(frozen=True)
class Electorate:
    """Who may vote on a request of a revision now, and who is barred in spite of a voting role."""

    people: Mapping[UUID, Person]
    contributors: frozenset[UUID]
    administrators: frozenset[UUID]

    def may_fill(self, rule: Rule, place: Place) -> tuple[str, ...]:
        """Names of those who could fill a seat of the rule at the place, sorted."""
        return tuple(sorted(person.username for person in self.people.values() if person.fills(rule, place)))


def electorate(revision: Revision, at: datetime, *, besides: frozenset[UUID] = frozenset()) -> Electorate:
    """Everybody with a voting role on the system or one of its channels who neither contributed nor
    administers.

    ``besides`` are contributors whose contribution is not recorded yet.
    """
    system_id = revision.release.system_id
    contributed = contributors(revision) | besides
    administer = administrator_ids(system_id, at)
    people = voting_people(system_id, at)
    free = {key: person for key, person in people.items() if key not in contributed | administer}
    return Electorate(free, frozenset(contributed), frozenset(administer))
