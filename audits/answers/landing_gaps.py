"""Gaps that a rollback leaves which not every instance of the decision service is seen to follow.

In one query. It closes once all of them are, or once something newer has gone live on the channel.
"""

from django.db.models import Exists, OuterRef

from audits.answers.field_gaps import FieldGap
from audits.answers.gap_kinds import GapKind
from governance.access.queries import visible_to
from governance.actors import Actor
from releases.rollouts.models import Deployment, DeploymentState, Landing, Rollback


def gaps_of_landings(actor: Actor) -> list[FieldGap]:
    """All of them within the actor's reach; each is about what was taken back."""
    newer = Deployment.objects.filter(
        channel=OuterRef("deployment__channel"),
        started_at__gt=OuterRef("rolled_back_at"),
        state__in=[DeploymentState.LIVE, DeploymentState.SUPERSEDED],
    )
    rows = Rollback.objects.filter(~Exists(newer), landing=Landing.ESCALATED).select_related(
        "deployment__channel", "deployment__revision__release__system", "target__release"
    )
    return [_gap(row) for row in visible_to(rows, actor).order_by("rolled_back_at")]


def _gap(row: Rollback) -> FieldGap:
    revision = row.deployment.revision
    return FieldGap(
        kind=GapKind.ROLLBACK_NOT_LANDED,
        revision=revision,
        channels=(row.deployment.channel,),
        since=row.rolled_back_at,
        found=f"taken back to {row.target.release.name}; {row.missing}",
        owner=str(revision.rollback_plan.get("owner", "")),
        key=str(row.pk),
    )
