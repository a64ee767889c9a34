"""The verb of those whom a plan asks to approve what a stage shows, before the rollout goes on."""

from typing import Any
from uuid import UUID

from django.db.models import Q

from governance.access.presence import require_strength, strength_of
from governance.access.queries import administrators_over, grants_in_force, require
from governance.access.roles import Permission
from governance.actors import Actor, ActorKind, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.verbs import Unchanged, record, verb
from releases.gates.contributors import took_part
from releases.rollouts.advancing import StageTooYoung
from releases.rollouts.leaving import check_shown, recent_reading
from releases.rollouts.locking import lock_rollout
from releases.rollouts.models import Deployment, DeploymentState, StageApproval
from releases.rollouts.readings import Reading, document_of, entered
from releases.rollouts.stage_seats import stage_seats
from releases.rollouts.stages import DeploymentInWrongState, advance_at, current_step
from releases.rollouts.steps import document


class StageAsksNobody(GovernanceError):
    """The plan asks nobody to approve this stage."""

    code = "stage_asks_nobody"
    title = "No approval is asked for"
    next_step = "Nothing to do; a release manager advances it, or it advances by itself at the plan's hours."


class EvidenceMoved(GovernanceError):
    """What the stage shows is not what the person saw."""

    code = "evidence_moved"
    title = "What the stage shows has changed"
    next_step = "Read what it shows now, and approve that if it still holds."


class NotToApprove(GovernanceError):
    """The actor approves no stage of this release."""

    code = "stage_approval_refused"
    status = 403
    title = "Not yours to approve"


@verb("rollout.stage_approved")
def approve_stage(
    actor: Actor, *, deployment: Deployment, reason: str, evidence_digest: str
) -> StageApproval | Unchanged[StageApproval]:
    """Approve what the present stage shows, as seen under ``evidence_digest``.

    It counts for this stay in this stage and for this evidence: whatever comes out otherwise, or a stage that
    begins anew after a pause, asks again. It is the last thing that is asked for, so all else must be shown.
    Approving the same once more changes nothing.

    Raises:
        StageAsksNobody, DeploymentInWrongState, EvidenceMoved: see the messages.
        NotLookedAt, StageNotShown, StageTooYoung: it is not its turn yet.
        NotToApprove: a service, a contributor, an administrator, or no open seat for the person's roles.
        NotInPerson, ReauthenticationNeeded, SecondFactorNeeded: the role asks for a proof.
        InvalidInput: no reason.
    """
    require(actor, Permission.APPROVE_STAGE, deployment.channel)
    if not reason.strip():
        raise invalid("reason", "say what you looked at and why it may go on.")
    deployment, _ = lock_rollout(deployment)
    reading = _check_turn(deployment, evidence_digest)
    account = _check_person(actor, deployment)
    mine = [row for row in _given(deployment, reading) if row.account_id == account]
    if mine:
        return Unchanged(mine[0])
    role = _open_role(actor, account, deployment, reading)
    require_strength(actor, strength_of([role]), "approve a stage")
    approval = _store(actor, deployment, reading, account=account, role=role, reason=reason)
    record(
        deployment.stream(),
        after={
            **document(deployment),
            **_given_in_person(approval),
            "reading": document_of(reading),
        },
        reason=reason,
        refs={"evidence": reading.digest, "manifest": deployment.revision.manifest_digest},
    )
    return approval


def _given_in_person(approval: StageApproval) -> dict[str, Any]:
    """In which role and for which stay in the stage, and how well it was proved who approved."""
    return {
        "stage_approval": approval.id,
        "role": approval.role,
        "entered_at": approval.entered_at,
        "auth": {
            "method": approval.auth_method,
            "mfa": approval.auth_mfa,
            "proved_at": approval.auth_proved_at,
        },
    }


def _check_turn(deployment: Deployment, evidence_digest: str) -> Reading:
    """Refuse before everything else is there; answers what was found."""
    step = current_step(deployment)
    if deployment.state != DeploymentState.ROLLING_OUT:
        raise DeploymentInWrongState(
            f"The rollout is {deployment.get_state_display().lower()}, so no stage is approved.",
            next_step="Resume it first." if deployment.state == DeploymentState.HELD else "",
        )
    if not step.stage.requires_approval:
        raise StageAsksNobody(f"The plan asks nobody to approve the stage {step.title}.")
    reading = recent_reading(deployment, moment())
    if reading.digest != evidence_digest:
        raise EvidenceMoved(f"The stage {step.title} shows something else now than what you saw.")
    check_shown(step, reading)
    earliest = advance_at(deployment)
    if moment() < earliest:
        raise StageTooYoung(
            f"The stage {step.title} lasts until {earliest:%F %T} UTC at least.",
            next_step=f"Approve it from {earliest:%F %R} UTC on, by what it shows then.",
        )
    return reading


def _check_person(actor: Actor, deployment: Deployment) -> UUID:
    """Refuse services, contributors and administrators; answers the account."""
    release = deployment.revision.release
    if actor.id is None or actor.kind is not ActorKind.USER:
        raise NotToApprove(f"{actor.username} is no person; persons approve stages.")
    if took_part(deployment.revision, actor.id):
        raise NotToApprove(
            f"{actor.username} contributed to {release} and cannot approve its stages.",
            next_step="Ask somebody with the role who took no part in the release.",
        )
    if administrators_over(release.system_id, moment()).filter(id=actor.id).exists():
        raise NotToApprove(
            f"{actor.username} administers {release.system} and gives out the roles, so approves no stage.",
            next_step="Ask somebody with the role who does not administer.",
        )
    return actor.id


def _given(deployment: Deployment, reading: Reading) -> list[StageApproval]:
    """The approvals that count for what was found."""
    seats = stage_seats(deployment, reading.digest)
    return [seat.approval for seat in seats if seat.approval is not None]


def _open_role(actor: Actor, account: UUID, deployment: Deployment, reading: Reading) -> str:
    """The first open seat's role that the person holds there."""
    there = Q(system_id=deployment.release.system_id) | Q(channel_id=deployment.channel_id)
    rows = grants_in_force(moment()).filter(there, account_id=account)
    held = set(rows.values_list("role", flat=True))
    seats = stage_seats(deployment, reading.digest)
    for seat in seats:
        if seat.approval is None and seat.role in held:
            return seat.role
    asked = ", ".join(seat.role.replace("_", " ") for seat in seats if seat.approval is None)
    raise NotToApprove(
        f"No open seat of the stage is for {actor.username}. It waits for: {asked or 'nobody'}.",
        next_step="Ask somebody who holds that role." if asked else "It can advance.",
    )


def _store(
    actor: Actor, deployment: Deployment, reading: Reading, *, account: UUID, role: str, reason: str
) -> StageApproval:
    return StageApproval.objects.create(
        release=deployment.release,
        deployment=deployment,
        stage_number=deployment.stage_number,
        entered_at=entered(deployment),
        role=role,
        account_id=account,
        username=actor.username,
        evidence_digest=reading.digest,
        reason=reason,
        approved_at=moment(),
        auth_method=actor.auth.method.value,
        auth_mfa=actor.auth.mfa,
        auth_proved_at=actor.auth.proved_at,
    )
