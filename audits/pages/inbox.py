"""Which open requests wait for a person's vote. Exact like the ballot, in a fixed number of queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, Q
from django.utils import timezone

from audits.pages.evidence import Line
from audits.pages.findings import Finding, finding_of
from audits.pages.mini import Mini, mini, shared_axis
from audits.pages.overrides import mark_of
from audits.pages.seating import Deadline, deadline_of
from governance.access.models import Grant
from governance.access.queries import grants_in_force, visible_to
from governance.access.roles import Role
from governance.actors import Actor
from governance.ledger.models import Entry, stream_name
from releases.approvals.ballots import Ballot, rules_of_request
from releases.approvals.eligibility import effective_state
from releases.approvals.grounds import gate_in_words, ground_in_words, standing_of_override
from releases.approvals.models import ApprovalRequest, RequestState, Vote
from releases.approvals.people import (
    Electorate,
    Person,
    gathered,
    held_when_cast,
)
from releases.approvals.queries import listed_requests
from releases.approvals.rulebook import VOTING_ROLES
from releases.bundles.models import Revision, Slot
from releases.gates.contributors import CONTRIBUTING_EVENTS
from releases.gates.models import EvaluationStatus, GateEvaluation
from releases.scores.models import ScoreTable


@dataclass(frozen=True)
class Waiting:
    """A request that waits for the reader, with what the gate found."""

    request: ApprovalRequest
    finding: Finding
    deadline: Deadline
    picture: Mini | None
    seats: str
    overridden: str = ""
    """The verdict in words where the request rests on an override."""
    mark: tuple[str, str, str] | None = None
    """How that override stands, as a chip."""
    overtaken: str = ""
    """What the request was made on, where a newer run came to another result."""

    @property
    def channels(self) -> str:
        """The channels asked for."""
        return ", ".join(sorted(row.channel.name for row in self.request.channel_rows.all()))


def waiting_for(actor: Actor) -> list[Waiting]:
    """Open requests that the actor could approve now, by deadline."""
    if actor.id is None:
        return []
    now = timezone.now()
    mine = list(grants_in_force(now).filter(account_id=actor.id).select_related("channel"))
    people = _voting_on(mine, actor.username)
    if not people:
        return []
    held = [(grant.role, grant.system_id) for grant in mine if grant.channel_id is None]
    opened = [row for row in _open_requests(actor) if effective_state(row, now) is RequestState.OPEN]
    everywhere = any(role == Role.ADMINISTRATOR and system is None for role, system in held)
    administers = {system for role, system in held if role == Role.ADMINISTRATOR}
    asked = [
        row
        for row in opened
        if not everywhere and row.system_id not in administers and row.system_id in people
    ]
    contributed = contributions(actor.id, asked)
    voters = _voters(asked)
    found = []
    for request in asked:
        ballot = _ballot(request, people[request.system_id], voters)
        is_free = request.release_id not in contributed and request.release.owner_id != actor.id
        voted = any(vote.account_id == actor.id for vote in ballot.votes)
        if is_free and not voted and ballot.within_reach(actor.id):
            found.append((request, ballot))
    return _rows(found, now)


def _open_requests(actor: Actor) -> Sequence[ApprovalRequest]:
    rows = visible_to(listed_requests().filter(state=RequestState.OPEN), actor)
    votes = Prefetch("votes", queryset=Vote.objects.order_by("cast_at", "id"))
    return list(
        rows.select_related("release__system", "revision", "evaluation", "override")
        .prefetch_related(None)
        .prefetch_related("channel_rows__channel", votes)
        .order_by("deadline_at")
    )


def _voting_on(grants: Iterable[Grant], username: str) -> dict[UUID, Person]:
    """By system, the reader with the voting roles held on it or on channels of it."""
    by_system: dict[UUID, list[Grant]] = {}
    for grant in grants:
        system = grant.channel.system_id if grant.channel else grant.system_id
        if grant.role in VOTING_ROLES and system is not None:
            by_system.setdefault(system, []).append(grant)
    return {
        system: person
        for system, rows in by_system.items()
        for person in gathered((row.account_id, username, row.role, row.channel_id) for row in rows).values()
    }


def _voters(requests: Sequence[ApprovalRequest]) -> list[Grant]:
    """Grants of voting roles of everybody who voted on the requests."""
    accounts = {vote.account_id for request in requests for vote in request.votes.all()}
    grants = Grant.objects.filter(account_id__in=accounts, role__in=VOTING_ROLES)
    return list(grants.select_related("channel"))


def _ballot(request: ApprovalRequest, me: Person, grants: Iterable[Grant]) -> Ballot:
    votes = tuple(request.votes.all())
    here = [
        grant
        for grant in grants
        if request.system_id in {grant.system_id, grant.channel.system_id if grant.channel else None}
    ]
    voters = held_when_cast({vote.account_id: vote for vote in votes}, here)
    electorate = Electorate({me.id: me}, frozenset(), frozenset())
    return Ballot(rules_of_request(request), votes, voters, electorate)


def contributions(account_id: UUID, requests: Sequence[ApprovalRequest]) -> set[UUID]:
    """Releases among the requests' that the account contributed to."""
    releases = {request.release_id for request in requests}
    if not releases:
        return set()
    of_stream: dict[str, set[UUID]] = {stream_name("release", key): {key} for key in releases}
    reports = Slot.objects.filter(release_id__in=releases, slot="evaluation_report")
    report_of: dict[UUID, set[UUID]] = {}
    for release, component in reports.values_list("release_id", "component_id"):
        report_of.setdefault(component, set()).add(release)
        of_stream.setdefault(stream_name("component", component), set()).add(release)
    stack_of: dict[str, set[UUID]] = {}
    stacks = Revision.objects.filter(release_id__in=releases).exclude(stack_digest="")
    for release, stack in stacks.values_list("release_id", "stack_digest"):
        stack_of.setdefault(stack, set()).add(release)
    tables = ScoreTable.objects.filter(Q(evaluation_report_id__in=report_of) | Q(stack_digest__in=stack_of))
    for key, report, stack in tables.values_list("id", "evaluation_report_id", "stack_digest"):
        both = report_of.get(report, set()) | stack_of.get(stack, set())
        of_stream.setdefault(stream_name("score_table", key), set()).update(both)
    mine = Q(document__actor__id=str(account_id)) | Q(document__on_behalf_of__id=str(account_id))
    streams = Entry.objects.filter(mine, stream__in=of_stream, document__type__in=CONTRIBUTING_EVENTS)
    return {
        key for stream in streams.values_list("stream", flat=True).distinct() for key in of_stream[stream]
    }


def _rows(found: Sequence[tuple[ApprovalRequest, Ballot]], now: datetime) -> list[Waiting]:
    newer = _newer([request for request, _ in found])
    findings = [
        finding_of(request.release.name, newer.get(request.revision_id, request.evaluation))
        for request, _ in found
    ]
    worst: list[Line | None] = [finding.worst for finding in findings]
    axis = shared_axis(worst)
    return [
        Waiting(
            request=request,
            finding=finding,
            deadline=deadline_of(request, now),
            picture=mini(axis, finding.worst),
            overridden=gate_in_words(request, now) if request.override_id else "",
            mark=_mark(request, now),
            overtaken=ground_in_words(request) if request.revision_id in newer else "",
            seats=f"{sum(seat is not None for seat in ballot.seating)} of {len(ballot.seats)} seats filled",
        )
        for (request, ballot), finding in zip(found, findings, strict=True)
    ]


def _newer(requests: Sequence[ApprovalRequest]) -> dict[UUID, GateEvaluation]:
    """By revision, the newest result where it is another than the one that the request was made on."""
    overtaken = [row.revision_id for row in requests if row.newest_result != row.evaluation.result_digest]  # type: ignore[attr-defined]  # listed_requests() reads it
    rows = GateEvaluation.objects.filter(revision__in=overtaken, status=EvaluationStatus.COMPLETED)
    newest = rows.order_by("revision_id", "-requested_at", "-id").distinct("revision_id")
    return {row.revision_id: row for row in newest.defer("inputs")} if overtaken else {}


def _mark(request: ApprovalRequest, at: datetime) -> tuple[str, str, str] | None:
    standing = standing_of_override(request, at)
    return mark_of(request.override, standing) if request.override and standing else None
