"""What entries say of deployments, approvals of stages, rollbacks and drills."""

from typing import Any

from governance.ledger.reconciling.declared import (
    NOT_SAID,
    Heard,
    Reconciled,
    Said,
    Told,
    const,
    find,
    outside,
)
from releases.rollouts.models import Deployment, Drill, Rollback, StageApproval

MOVED = (
    "rollout.held",
    "rollout.paused",
    "rollout.resumed",
    "rollout.restored",
    "rollout.rolled_back",
    "rollout.superseded",
)
STAGED = ("rollout.started", "rollout.advanced")


def state_changed(said: Said) -> bool:
    """Whether the deployment is in another state than before."""
    return bool(find(said.before, "state") != find(said.after, "state"))


def went_live(said: Said) -> bool:
    """Whether it took the place of what was live before, which the same entry tells of."""
    return find(said.after, "states.-1") == "live" and _is_of_this_release(said, "rollback_target")


def went_back(said: Said) -> bool:
    """Whether it made room for another deployment of its release."""
    return _is_of_this_release(said, "target")


def _is_of_this_release(said: Said, path: str) -> bool:
    return bool(find(said.after, f"{path}.release") == said.stream.partition(":")[2])


def when_restored(heard: Heard) -> Any:
    """When the target was live again, where the entry says that it was not so before."""
    return outside(heard, "at") if find(heard.said.after, "restored") is True else NOT_SAID


def keys(heard: Heard) -> Any:
    """Keys of the triggers that took it back."""
    found = find(heard.said.after, "triggers")
    return [] if found is NOT_SAID else [one["key"] for one in found]


DEPLOYMENTS = Reconciled(
    Deployment,
    told=(
        Told(
            ("release.adopted",),
            {
                "revision_id": "^revision",
                "approval_id": const(None),
                "channel_id": "channel",
                "state": const("live"),
                "stage": const("general"),
                "stage_number": const(1),
                "stage_entered_at": const(None),
                "salt": const(""),
                "paused": const(False),
                "held_reason": const(""),
                "started_at": "@at",
                "started_by_username": "@actor",
                "state_changed_at": "@at",
            },
            row="id",
            each="deployments",
            is_first=True,
        ),
        Told(
            ("rollout.started",),
            {
                "revision_id": "revision",
                "approval_id": "approval",
                "channel_id": "channel",
                "salt": "salt",
                "paused": const(False),
                "held_reason": const(""),
                "started_at": "@at",
                "started_by_username": "@actor",
                "state_changed_at": "@at",
            },
            row="deployment",
            is_first=True,
        ),
        Told(
            STAGED,
            {
                "stage": "stage",
                "stage_number": "stage_number",
                "state": "states.-1",
                "stage_entered_at": "@at",
            },
            row="deployment",
        ),
        Told(
            ("rollout.advanced",),
            {"state_changed_at": "@at"},
            row="deployment",
            only=lambda said: find(said.after, "states.-1") == "live",
        ),
        Told(
            STAGED,
            {"state": const("superseded"), "state_changed_at": "@at"},
            row="rollback_target.deployment",
            only=went_live,
        ),
        Told(MOVED, {"state": "state"}, row="deployment"),
        Told(MOVED, {"state_changed_at": "@at"}, row="deployment", only=state_changed),
        Told(
            ("rollout.rolled_back",),
            {"state": const("live")},
            row="target.deployment",
            only=went_back,
        ),
        Told(
            ("rollout.rolled_back",),
            {"state_changed_at": when_restored},
            row="target.deployment",
            only=lambda said: went_back(said) and find(said.after, "restored") is not False,
        ),
        Told(("rollout.held", "rollout.paused", "rollout.resumed"), {"paused": "paused"}, row="deployment"),
        Told(("rollout.held",), {"held_reason": "@reason"}, row="deployment"),
        Told(("rollout.paused",), {"held_reason": "held_reason"}, row="deployment"),
        Told(("rollout.resumed",), {"held_reason": const("")}, row="deployment"),
        Told(("rollout.resumed",), {"stage_entered_at": "stage_entered_at"}, row="deployment"),
    ),
)

STAGE_APPROVALS = Reconciled(
    StageApproval,
    told=(
        Told(
            ("rollout.stage_approved",),
            {
                "deployment_id": "deployment",
                "stage_number": "stage_number",
                "entered_at": "entered_at",
                "role": "role",
                "account_id": "@actor_id",
                "username": "@actor",
                "evidence_digest": "@refs.evidence",
                "reason": "@reason",
                "approved_at": "@at",
                "auth_method": "auth.method",
                "auth_mfa": "auth.mfa",
                "auth_proved_at": "auth.proved_at",
            },
            row="stage_approval",
            is_first=True,
        ),
    ),
)

ROLLBACKS = Reconciled(
    Rollback,
    told=(
        Told(
            ("rollout.rolled_back",),
            {
                "deployment_id": "deployment",
                "target_id": "target.revision",
                "reason": "@reason",
                "rolled_back_at": "@at",
                "rolled_back_by_username": "@actor",
                "triggers": keys,
                "landing": "landing",
                "landed_at": const(None),
                "escalated_at": const(None),
                "missing": const(""),
            },
            row="rollback",
            is_first=True,
        ),
        Told(
            ("rollback.landed",),
            {"landing": "landing", "landed_at": "@at", "missing": const("")},
            row="rollback",
        ),
        Told(
            ("rollback.escalated",),
            {"landing": "landing", "escalated_at": "@at", "missing": "missing"},
            row="rollback",
        ),
    ),
)

DRILLS = Reconciled(
    Drill,
    told=(
        Told(
            ("drill.started",),
            {
                "drilled_id": "drilled.deployment",
                "target_id": "target.deployment",
                "reason": "@reason",
                "started_at": "@at",
                "started_by_username": "@actor",
            },
            row="drill",
            is_first=True,
        ),
        Told(
            ("drill.started", "drill.turned", "drill.completed", "drill.failed"),
            {
                "state": "state",
                "missing": "missing",
                "away_landed_at": "away_landed_at",
                "turned_at": "turned_at",
                "back_landed_at": "back_landed_at",
                "ended_at": "ended_at",
            },
            row="drill",
        ),
    ),
)

RECONCILED = (DEPLOYMENTS, STAGE_APPROVALS, ROLLBACKS, DRILLS)
