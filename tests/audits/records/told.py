"""A release with much on record: votes, a refused one, a rollout, an incident, decisions, a rollback."""

from dataclasses import dataclass

import pytest
from django.utils import timezone

from governance.access.models import Account
from governance.access.queries import PermissionDenied
from governance.access.roles import Role
from governance.registry.models import System
from releases.approvals.models import ApprovalRequest
from releases.bundles.models import Release
from releases.monitoring.decisions.models import Decision
from releases.monitoring.decisions.reporting import report_one
from releases.monitoring.incidents.models import Incident
from releases.rollouts.models import Deployment
from tests.factories.approvals import World, requested, voted
from tests.factories.cast import actor, grant, person, system_with_channels
from tests.factories.incidents import suspected
from tests.factories.rollouts import started, taken_back
from tests.factories.snapshot import remembered
from tests.factories.worlds import Prepared
from tests.releases.monitoring.lines import decision


@dataclass(frozen=True)
class Told:
    """The world, its release ``v1``, and what happened to it on android."""

    here: World
    release: Release
    request: ApprovalRequest
    deployment: Deployment
    incident: Incident

    def decided(self, channel: str = "android") -> Decision:
        """A decision of the release, reported now."""
        stamp = self.deployment.revision.manifest_digest
        sent = decision(self.here.cast.channel(channel), at=timezone.now().isoformat(), stamp=stamp)
        report_one(actor(self.here.cast.integration), sent)
        return Decision.objects.select_related("revision__release", "batch").get(id=sent["id"])


@remembered
def told(prepared: Prepared) -> Told:
    """Asked for on android, refused a stranger's vote, approved, started, met by an incident, taken back."""
    here, revision = prepared.here, prepared.candidate
    request = requested(here, revision, "android")
    with pytest.raises(PermissionDenied):
        voted(here.cast.stranger, request)
    voted(here.cast.approver, request)
    deployment = started(here, revision)
    incident = suspected(here)
    taken_back(here)
    return Told(here, revision.release, request, deployment, incident)


@remembered
def outsider() -> Account:
    """The auditor of another system."""
    found = person("outside_auditor")
    grant(found, Role.AUDITOR, system=elsewhere())
    return found


@remembered
def elsewhere() -> System:
    """Another system, with channels of the same names."""
    return system_with_channels("elsewhere")


@remembered
def on_one_channel(here: World, channel: str) -> Account:
    """An auditor of one channel alone."""
    found = person(f"auditor_of_{channel}")
    grant(found, Role.AUDITOR, channel=here.cast.channel(channel))
    return found
