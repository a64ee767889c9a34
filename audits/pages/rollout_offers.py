"""The buttons of a rollout: what may be done now, by this person, and what unlocks the rest."""

from collections.abc import Callable, Sequence
from uuid import UUID

from django.urls import reverse

from audits.pages.plan_words import stage_title
from audits.pages.rollout_checks import frozen_now, not_to_approve
from audits.pages.rollout_facts import RolloutFacts
from governance.access.admin_base import Offer, lock_reason, who_may
from governance.access.queries import reach
from governance.access.roles import Permission
from governance.actors import Actor, ActorKind
from releases.rollouts.leaving import lacking
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.queries import started_beside
from releases.rollouts.readings import CheckState, last_reading
from releases.rollouts.services import may_roll_back


def rollout_url(deployment: Deployment, act: str = "") -> str:
    """The rollout's page, or one of its acts."""
    return reverse(f"admin:rollout_{act}" if act else "admin:rollout", args=[deployment.pk])


def rollout_offers(actor: Actor, facts: RolloutFacts) -> list[Offer]:
    """Advance, hold or resume, pause, and last the way back."""
    if not facts.is_open:
        return []
    makers: list[Callable[[Actor, RolloutFacts], Offer | None]] = [_back]
    if facts.is_on_its_way:
        makers = [_approve, _forward, _hold, _pause, _back]
    elif facts.deployment.channel.drill:
        makers = [_drill, _back]
    return [offer for make in makers if (offer := make(actor, facts)) is not None]


def _approve(actor: Actor, facts: RolloutFacts) -> Offer | None:
    """Approve what the stage shows, where its plan asks people for that."""
    row = facts.deployment
    if row.state == DeploymentState.HELD or not facts.open_seats:
        return None
    why = lock_reason(actor, Permission.APPROVE_STAGE, row.channel) or not_to_approve(facts)
    return Offer(
        "Approve the stage", rollout_url(row, "approve_stage"), "how_to_reg", "" if why else "cs-pri", why
    )


def _drill(actor: Actor, facts: RolloutFacts) -> Offer | None:
    """Rehearse going back, where it serves nobody."""
    row = facts.deployment
    why = lock_reason(actor, Permission.RUN_DRILL, row.channel)
    if not why and facts.target is None:
        why = f"Nothing served {row.channel.name} before that it could go back to."
    return Offer("Start a drill", rollout_url(row, "drill"), "exercise", "", why)


def _forward(actor: Actor, facts: RolloutFacts) -> Offer | None:
    """Resume what is held, advance what is not."""
    row = facts.deployment
    if row.state == DeploymentState.HELD:
        why = lock_reason(actor, Permission.RESUME_ROLLOUT, row.channel) or _not_resumable(facts)
        return Offer("Resume", rollout_url(row, "resume"), "play_arrow", "", why)
    if facts.following is None:
        return None
    label = f"Advance to {stage_title(facts.following.stage)}"
    why = (
        lock_reason(actor, Permission.ADVANCE_ROLLOUT, row.channel)
        or frozen_now(facts)
        or _too_young(facts)
        or lacking(row, facts.now)
    )
    return Offer(label, rollout_url(row, "advance"), "arrow_forward", "" if why else "cs-pri", why)


def _not_resumable(facts: RolloutFacts) -> str:
    """What stands in the way of a resume beside the grants: the calendar after a pause, a lost comparison."""
    row = facts.deployment
    beside = started_beside(row)
    if beside is not None and facts.target and facts.target.deployment.revision_id != beside.pk:
        return f"It was started beside {beside.release.name}, which was taken back since. Roll it back."
    return frozen_now(facts) if row.paused else _still_stands(facts)


def _still_stands(facts: RolloutFacts) -> str:
    """What the next look would hold it for again."""
    reading = last_reading(facts.deployment)
    if reading is None or not reading.is_recent(facts.now):
        return ""
    failed = next((one for one in reading.checks if one.state is CheckState.FAILED), None)
    if failed is None:
        return ""
    instead = "Roll it back, or override or acknowledge the trigger." if failed.check == "triggers" else ""
    return f"What it was held for stands: {failed.sentence} {instead}".strip()


def _too_young(facts: RolloutFacts) -> str:
    if facts.has_lasted:
        return ""
    return f"The stage lasts until {facts.earliest:%-d %b, %H:%M} UTC at least; then it can advance."


def _hold(actor: Actor, facts: RolloutFacts) -> Offer | None:
    row = facts.deployment
    if row.state == DeploymentState.HELD:
        return None
    why = lock_reason(actor, Permission.HOLD_ROLLOUT, row.channel)
    return Offer("Hold", rollout_url(row, "hold"), "pause_circle", "", why)


def _pause(actor: Actor, facts: RolloutFacts) -> Offer | None:
    row = facts.deployment
    if row.paused:
        return None
    why = lock_reason(actor, Permission.PAUSE_ROLLOUT, row.channel)
    return Offer("Pause", rollout_url(row, "pause"), "block", "", why)


def _back(actor: Actor, facts: RolloutFacts) -> Offer:
    target = facts.target.deployment.revision.release.name if facts.target else ""
    return back_offer(facts.deployment, target=target, may=may_roll_back(actor, facts.deployment))


def takes_back(actor: Actor, rows: Sequence[Deployment]) -> set[UUID]:
    """Which of the rows, all visible to the actor, he may take back; like ``may_roll_back``, in one query."""
    found = reach(actor, Permission.ROLL_BACK)
    return {
        row.pk
        for row in rows
        if (found is not None and found.acts_on(row.channel.access_scope()))
        or (actor.kind is ActorKind.USER and row.revision.rollback_plan.get("owner") == actor.username)
    }


def back_offer(deployment: Deployment, *, target: str, may: bool, label: str = "") -> Offer:
    """The red button; locked for those who may not, and where nothing served before."""
    named = label or (f"Roll back to {target}" if target else "Roll back")
    url = rollout_url(deployment, "roll_back")
    if not target:
        why = f"Nothing served {deployment.channel.name} before that it could return to."
        return Offer(named, url, "undo", "cs-dan", why)
    if may:
        return Offer(named, url, "undo", "cs-dan cs-solid")
    roles = who_may(Permission.ROLL_BACK)
    why = f"It takes the role {roles} on this channel, or the owner of the rollback plan."
    return Offer(named, url, "undo", "cs-dan", why)
