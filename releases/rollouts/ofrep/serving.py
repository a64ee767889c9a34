"""What answers on a channel now, read anew for every request and looked up once.

Which assignment is open is asked each time, in one query, so an answer is never older than the last commit.
Only while the open one waits for the ledger is what answered before it looked for.
What stands in an assignment, its revisions and their components never changes but for its end, so it is
kept in memory, apart for each place of its entry in the ledger, which that gets a moment later.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection

from governance.access.scopes import AccessScope
from releases.bundles.models import Assignment, Slot
from releases.bundles.sealed import served
from releases.rollouts.ofrep.answers import code_default, evaluation

KEPT = 256
NOT_NEEDED = (
    "entry__body",
    "entry__document",
    *(
        f"{side}__{name}"
        for side in ("stable", "candidate", "control")
        for name in ("card", "rollout_plan", "rollback_plan")
    ),
)
# Written by hand: of the six queries that this replaces, building them took longer than answering them.
WAITS = """assignment.waits_for_seal AND NOT EXISTS
    (SELECT FROM signed_checkpoint WHERE signed_checkpoint.size > leaf.index)"""
"""Whether the ledger comes first, and does not cover the assignment yet."""

_OPEN = f"""
SELECT system.slug, channel.name, channel.system_id, channel.id, assignment.id, leaf.index, {WAITS}
FROM governance_channel AS channel
JOIN governance_system AS system ON system.id = channel.system_id
LEFT JOIN releases_assignment AS assignment
       ON assignment.channel_id = channel.id AND upper_inf(assignment.period)
LEFT JOIN leaf ON leaf.entry_id = assignment.entry_id
WHERE channel.name = %s AND (%s::text IS NULL OR system.slug = %s)
ORDER BY system.slug
"""  # noqa: S608 - constants of ours


@dataclass(frozen=True, slots=True)
class Open:
    """The assignment that is open on a channel, if one is, with its entry's place in the ledger; and whether
    it ``waits`` for the ledger to be signed."""

    assignment: UUID | None = None
    ledger_index: int | None = None
    waits: bool = False


NOTHING = Open()


@dataclass(frozen=True, slots=True)
class Serving:
    """A channel and what is open there."""

    slug: str
    channel: str
    scope: AccessScope
    open: Open

    def answer(self, subject: str) -> dict[str, Any]:
        """The answer for a subject."""
        return answer_on(self.slug, self.channel, self.open, subject)


def answer_on(slug: str, channel: str, standing: Open, subject: str) -> dict[str, Any]:
    """The answer for a subject where this assignment is open, or none."""
    if standing.waits and standing.assignment is not None:
        answer = answer_on(slug, channel, _before(standing.assignment), subject)
        answer["metadata"]["pending_seal"] = True
        return answer
    if standing.assignment is None:
        return code_default(slug, channel)
    content, policies = _content(standing.assignment, standing.ledger_index)
    return evaluation(slug, content, policies, subject)


@lru_cache(maxsize=KEPT)
def _before(waiting: UUID) -> Open:
    """What answers as long as this one waits: it stays the same, since nothing takes a place before it."""
    channel, made = Assignment.objects.values_list("channel", "period__startswith").get(id=waiting)
    earlier = Assignment.objects.filter(served(), channel=channel, period__startswith__lt=made)
    newest = earlier.order_by("-period__startswith").values_list("id", "entry__leaf__index").first()
    return Open(*newest) if newest else NOTHING


def serving(channel: str, slug: str | None = None) -> list[Serving]:
    """The channels of that name, of one system or of all, each with what is open there; by slug."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, [channel, slug, slug])
        return [
            Serving(row[0], row[1], AccessScope(row[2], frozenset({row[3]})), Open(*row[4:]))
            for row in cursor.fetchall()
        ]


@lru_cache(maxsize=KEPT)
def _content(assignment_id: UUID, _ledger_index: int | None) -> tuple[Assignment, dict[UUID, str]]:
    """The assignment with both releases, and the names of their threshold policies by revision."""
    rows = Assignment.objects.select_related(
        "stable__release", "candidate__release", "control__release", "entry__leaf"
    )
    assignment = rows.defer(*NOT_NEEDED).get(id=assignment_id)
    sides = (assignment.stable_id, assignment.candidate_id, assignment.control_id)
    revisions = [one for one in sides if one is not None]
    slots = Slot.objects.filter(revision__in=revisions, slot="threshold_policy").select_related("component")
    names: dict[UUID, list[str]] = {}
    for slot in slots:
        names.setdefault(slot.revision_id, []).append(str(slot.component))
    return assignment, {revision: ", ".join(sorted(found)) for revision, found in names.items()}
