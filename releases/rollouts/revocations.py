"""A component was revoked: whoever answers for a release that holds it and is live or on its way is told.

The registry stands far below, so its verb starts this by name after its commit. Nothing is switched off:
what to do is for people to decide, and rolling back is one act away.
"""

from collections.abc import Iterable

from django.db.models import Q
from django.urls import reverse

from governance.access.models import Account
from governance.actors import Actor, acting_as
from governance.ledger.queries import entry_of
from governance.notifications.services import notify_afterwards
from governance.registry.models import ComponentVersion
from releases.bundles.queries import reading_scope
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.recipients import concerned
from releases.rollouts.stages import ON_ITS_WAY

EVENT = "component.revoked"


def warn_of_revoked(actor: Actor, *, component: ComponentVersion) -> None:
    """Tell those concerned, once per release, however often this runs."""
    entry = entry_of(component.stream(), EVENT)
    if entry is None:
        return
    revoked_by = str(entry.document["actor"]["username"])
    rows = Deployment.objects.filter(
        state__in=[DeploymentState.LIVE, *ON_ITS_WAY], revision__slots__component=component
    )
    found: dict[str, list[Deployment]] = {}
    for deployment in rows.select_related("release", "revision__release__system", "channel").distinct():
        found.setdefault(str(deployment.revision_id), []).append(deployment)
    for deployments in found.values():
        revision = deployments[0].revision
        with acting_as(actor):
            accounts = _accounts(deployments)
        notify_afterwards(
            actor,
            EVENT,
            cause=entry.id,
            subject=revision,
            accounts=accounts,
            context={
                "actor": revoked_by,
                "release": f"{revision.release.name} revision {revision.number}",
                "system": str(revision.release.system),
                "component": str(component),
                "reason": component.status_reason,
                "channels": sorted(deployment.channel.name for deployment in deployments),
            },
            path=reverse("admin:releases_release_change", args=[revision.release_id]),
            scope=reading_scope(revision),
        )


def _accounts(deployments: Iterable[Deployment]) -> list[Account]:
    ids = {account for found in deployments for account in concerned(found).values_list("id", flat=True)}
    return list(Account.objects.filter(Q(id__in=ids)))
