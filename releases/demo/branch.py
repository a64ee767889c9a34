"""A second system of the demo: what serves it was adopted, and nearly everything is missing."""

from governance.access.roles import Role
from governance.registry.components import register_component
from governance.registry.services import register_channel, register_system
from releases.bundles.content import ReleaseContent, SlotInput
from releases.bundles.models import Revision
from releases.bundles.services import draft_release
from releases.demo.people import Stage, give_roles
from releases.demo.stack import declared
from releases.rollouts.adoption import adopt_release, propose_adoption

ROLES = {
    "author": Role.AUTHOR,
    "manager": Role.APPROVER,
    "release_manager": Role.RELEASE_MANAGER,
    "auditor": Role.AUDITOR,
}


def adopt_with_gaps(stage: Stage) -> Revision:
    """A kiosk served by a model alone: no threshold policy, no release note, no rollback owner."""
    system = register_system(
        stage.actor("admin"),
        slug="branch-liveness",
        name="Branch liveness",
        description="Face liveness at the kiosks of branches. Demo: declared, nothing is measured here.",
    )
    kiosk = register_channel(stage.actor("admin"), system=system, name="kiosk", kind="kiosk")
    give_roles(stage, system, (), ROLES)
    model = register_component(
        stage.actor("author"),
        system=system,
        kind="model",
        name="kiosk_model",
        version="2024-11",
        digest=declared("kiosk model of November 2024"),
        attributes={"architecture": "not known", "training_datasets": []},
    )
    revision = draft_release(
        stage.actor("author"),
        system=system,
        name="kiosk-as-found",
        content=ReleaseContent(channels=(kiosk,), slots=(SlotInput("model", model),)),
    )
    reason = "The kiosks run it since November 2024; it was found when releases came under governance."
    proposal = propose_adoption(
        stage.actor("release_manager"), revision=revision, channels=[kiosk], reason=reason
    )
    return adopt_release(
        stage.actor("manager"), revision=revision, channels=[kiosk], reason=reason, proposal=proposal.id
    )
