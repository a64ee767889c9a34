"""A guarded rollout with decisions made during it, all reached through the real services."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from releases.bundles.arms import Arm, arm_of
from releases.bundles.models import Assignment, Revision
from releases.bundles.queries import live_assignment
from releases.monitoring.decisions.models import Decision
from releases.monitoring.decisions.reporting import report_one
from releases.monitoring.replaying.queries import traced_decisions
from releases.rollouts.models import Deployment
from tests.factories.approvals import World
from tests.factories.cast import actor
from tests.factories.rollouts import on_its_way
from tests.factories.worlds import Prepared
from tests.releases.monitoring.lines import decision

REFUSED: dict[str, Any] = {
    "scores": {"depth": 0.9, "texture": 0.7},
    "band": "reject",
    "outcome": "reject",
    "sdk": "2.3.0",
}


@dataclass(frozen=True)
class Guarded:
    """A candidate in its guarded stage beside the baseline on android."""

    here: World
    candidate: Revision
    rollout: Deployment
    assignment: Assignment

    def subject(self, arm: Arm) -> str:
        """A subject that the hash puts into the arm."""
        keys = (f"person-{number}" for number in range(1000))
        return next(key for key in keys if arm_of(self.assignment, key) is arm)

    def stamp(self, arm: Arm) -> str:
        """What the arm is answered by."""
        return (self.candidate if arm is Arm.CANDIDATE else self.here.baseline).manifest_digest

    def reported(self, arm: Arm = Arm.CANDIDATE, **given: Any) -> Decision:
        """A refused decision of a subject in the arm, made now and reported by the decision service."""
        sent = decision(
            self.here.cast.channel("android"),
            **{
                "at": timezone.now().isoformat(),
                "subject": self.subject(arm),
                "stamp": self.stamp(arm),
                **REFUSED,
                **given,
            },
        )
        report_one(actor(self.here.cast.integration), sent)
        return traced_decisions().get(id=sent["id"])


def guarded(prepared: Prepared) -> Guarded:
    """The world's candidate approved and started on android."""
    rollout = on_its_way(prepared.here, prepared.candidate, "android")[0]
    assignment = live_assignment(prepared.here.cast.channel("android"))
    assert assignment is not None
    return Guarded(prepared.here, prepared.candidate, rollout, assignment)
