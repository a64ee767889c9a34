"""Who contributed to a release: they neither vote on it, nor attest it, nor let it past its gate."""

from uuid import UUID

from django.db.models import Q

from governance.ledger.models import stream_name
from governance.ledger.queries import actor_ids
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


def took_part(revision: Revision, account_id: UUID) -> bool:
    """Whether the account owns the release or contributed to it."""
    return account_id == revision.release.owner_id or account_id in contributors(revision)
