"""Who could vote on a system's requests, and who never does."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from governance.access.models import AccountKind, Grant
from governance.access.queries import administrators_over, grants_in_force
from governance.ledger.models import stream_name
from governance.ledger.queries import actor_ids
from releases.approvals.models import Vote
from releases.approvals.rulebook import VOTING_ROLES, Rule
from releases.bundles.models import Revision, Slot
from releases.scores.models import ScoreTable

CONTRIBUTING_EVENTS = (
    "release.drafted",
    "release.edited",
    "release.revised",
    "release.frozen",
    "approval.requested",
    "component.registered",
    "score_table.imported",
)
"""Who did one of these to a release, its tables or its reports contributed to it and never votes on it."""


@dataclass(frozen=True)
class Person:
    """Somebody who holds a voting role on the whole system."""

    id: UUID
    username: str
    roles: frozenset[str]

    def fills(self, rule: Rule) -> bool:
        """Whether the person counts for the rule: by name, or by role."""
        return self.username in rule.people if rule.people else rule.role in self.roles

    def fillable(self, rules: Iterable[Rule]) -> frozenset[str]:
        """Keys of the rules that the person counts for."""
        return frozenset(rule.key for rule in rules if self.fills(rule))


def _gathered(rows: Iterable[tuple[UUID, str, str]]) -> dict[UUID, Person]:
    roles: dict[UUID, set[str]] = {}
    names: dict[UUID, str] = {}
    for account, username, role in rows:
        roles.setdefault(account, set()).add(role)
        names[account] = username
    return {account: Person(account, names[account], frozenset(held)) for account, held in roles.items()}


def voting_people(system_id: UUID, at: datetime) -> dict[UUID, Person]:
    """Persons with a voting role on the whole system at ``at``; a grant on one channel fills no seat."""
    rows = grants_in_force(at).filter(
        role__in=VOTING_ROLES, system_id=system_id, account__kind=AccountKind.PERSON
    )
    return _gathered(rows.values_list("account_id", "account__username", "role"))


def voters_as_they_voted(votes: Iterable[Vote], system_id: UUID) -> dict[UUID, Person]:
    """Each voter with the roles held when the vote was cast: a later change of grants unseats nobody."""
    cast = {vote.account_id: vote for vote in votes}
    grants = Grant.objects.filter(account_id__in=cast, role__in=VOTING_ROLES, system_id=system_id)
    rows = [
        (grant.account_id, cast[grant.account_id].username, grant.role)
        for grant in grants
        if grant.is_in_force(cast[grant.account_id].cast_at)
    ]
    return _gathered(rows)


def administrator_ids(system_id: UUID, at: datetime) -> set[UUID]:
    """Active accounts that administer the installation or this system at ``at``."""
    return set(administrators_over(system_id, at).values_list("id", flat=True))


def contributors(revision: Revision) -> set[UUID]:
    """Accounts that contributed to the release: to any of its revisions, its reports or its score tables.

    Whoever acted counts, and whoever it was done for; a token's acts are those of its owner.
    """
    revisions = Revision.objects.filter(release_id=revision.release_id)
    reports = Slot.objects.filter(revision__in=revisions, slot="evaluation_report").values("component_id")
    stacks = revisions.exclude(stack_digest="").values("stack_digest")
    tables = ScoreTable.objects.filter(
        Q(evaluation_report_id__in=reports) | Q(stack_digest__in=stacks),
        system_id=revision.release.system_id,
    )
    streams = [
        revision.stream(),
        *(
            stream_name("component", component)
            for component in set(reports.values_list("component_id", flat=True))
        ),
        *(table.stream() for table in tables.only("id")),
    ]
    return actor_ids(streams, CONTRIBUTING_EVENTS)


@dataclass(frozen=True)
class Electorate:
    """Who may vote on a request of a revision now, and who is barred in spite of a voting role."""

    people: Mapping[UUID, Person]
    contributors: frozenset[UUID]
    administrators: frozenset[UUID]

    def may_fill(self, rule: Rule) -> tuple[str, ...]:
        """Names of those who could fill a seat of the rule, sorted."""
        return tuple(sorted(person.username for person in self.people.values() if person.fills(rule)))


def electorate(revision: Revision, at: datetime, *, besides: frozenset[UUID] = frozenset()) -> Electorate:
    """Everybody with a voting role on the system who neither contributed nor administers.

    ``besides`` are contributors whose contribution is not recorded yet.
    """
    system_id = revision.release.system_id
    contributed = contributors(revision) | besides
    administer = administrator_ids(system_id, at)
    people = voting_people(system_id, at)
    free = {key: person for key, person in people.items() if key not in contributed | administer}
    return Electorate(free, frozenset(contributed), frozenset(administer))
