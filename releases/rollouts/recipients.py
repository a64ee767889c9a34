"""Who is told of a rollout: those who answer for it, and those who can act on its channel.

The owner of the release, the person whom the rollback plan names, whoever started it, and everybody who may
advance it there; of a rollback also those who voted for what was taken back. ``notify`` leaves out whoever
may not view the channel: having voted, owned or started something is no grant.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from governance.access.models import Account, Proposal
from governance.access.queries import grants_in_force
from governance.access.roles import Permission, roles_with
from governance.actors import moment
from governance.notifications.services import notify
from governance.notifications.withdrawing import stop_asking
from releases.approvals.models import Vote, VoteDecision
from releases.bundles.models import Revision
from releases.rollouts.models import Deployment, DeploymentState, Rollback, StageReading
from releases.rollouts.stages import current_step, shown_step


def tell_of_rollout(event: str, deployment: Deployment, *, reason: str = "") -> None:
    """Step of the verbs that move a rollout; after their entry."""
    facts: dict[str, Any] = {**_facts(deployment), "stage": shown_step(deployment).title}
    facts["reason"] = reason or None
    if event in {"rollout.started", "rollout.advanced"}:
        facts["live"] = deployment.state == DeploymentState.LIVE
    notify(
        event,
        subject=deployment,
        accounts=concerned(deployment),
        context=facts,
        path=_page(deployment),
    )


def tell_of_rollback(rollback: Rollback) -> None:
    """Step of the verb that takes a deployment back; after its entry."""
    deployment = rollback.deployment
    voters = Q()
    if deployment.approval is not None:
        votes = Vote.objects.filter(request=deployment.approval.request_id, decision=VoteDecision.APPROVE)
        voters = Q(id__in=votes.values("account_id"))
    target = rollback.target
    notify(
        "rollout.rolled_back",
        subject=deployment,
        accounts=concerned(deployment, besides=voters),
        context={
            **_facts(deployment),
            "reason": rollback.reason,
            "target": f"{target.release.name} revision {target.number}",
        },
        path=_page(deployment),
    )


def tell_of_stage(deployment: Deployment, accounts: QuerySet[Account], *, approves: bool) -> None:
    """Step of the verb that asks people to decide: a stage shows all that its plan asks."""
    notify(
        "rollout.stage_shown",
        subject=deployment,
        accounts=accounts,
        context={
            **_facts(deployment),
            "stage": current_step(deployment).title,
            "act": "approve what it shows" if approves else "let it enter its next stage",
        },
        path=_page(deployment),
    )


def tell_of_landing(rollback: Rollback) -> None:
    """Step of the verb that escalates a rollback which not every instance is seen to follow."""
    deployment, target = rollback.deployment, rollback.target
    notify(
        "rollback.escalated",
        subject=deployment,
        accounts=concerned(deployment, besides=_answering_on(deployment)),
        context={
            **_facts(deployment),
            "target": f"{target.release.name} revision {target.number}",
            "missing": rollback.missing,
        },
        path=_page(deployment),
    )


def tell_of_what_is_left(deployment: Deployment, *, why: str, sentence: str, owners: Sequence[str]) -> None:
    """Step of the verb that leaves a firing trigger to people; after its entry."""
    besides = _answering_on(deployment) | Q(username__in=owners)
    notify(
        "rollout.left_to_people",
        subject=deployment,
        accounts=concerned(deployment, besides=besides),
        context={**_facts(deployment), "why": why, "sentence": sentence},
        path=_page(deployment),
    )


def ask_no_more(deployment: Deployment, *, because: str) -> bool:
    """Step where what people were asked to decide on a deployment is over: what has not left does not leave.
    Answers whether they were asked."""
    asked = StageReading.objects.filter(deployment=deployment).exclude(asked_digest="")
    if not asked.exists():
        return False
    stop_asking(deployment, because=because, path=_page(deployment))
    asked.update(asked_digest="")
    return True


def _answering_on(deployment: Deployment) -> Q:
    """Those who may take something back there."""
    there = Q(system_id=deployment.release.system_id) | Q(channel_id=deployment.channel_id)
    return _holding(Permission.ROLL_BACK, there)


def tell_of_adoption(proposal: Proposal, revision: Revision, channels: list[str]) -> None:
    """Step of the verb that proposes an adoption: everybody who may be its second person."""
    name = f"{revision.release.name} revision {revision.number}"
    notify(
        "proposal.stored",
        subject=proposal,
        accounts=Account.objects.filter(
            _holding(Permission.CONFIRM_ADOPTION, Q(system_id=revision.release.system_id))
        ),
        context={
            "act": f"adopt {name} as what answers on {', '.join(channels)}",
            "reason": proposal.reason,
            "expires_at": proposal.expires_at,
            "system": str(revision.release.system),
            "release": name,
        },
        path=reverse("admin:revision_confirm_adoption", args=[revision.pk, proposal.pk]),
    )


def concerned(deployment: Deployment, *, besides: Q | None = None) -> QuerySet[Account]:
    """Accounts that are told of the deployment."""
    names = {deployment.started_by_username, str(deployment.revision.rollback_plan.get("owner", ""))}
    there = Q(system_id=deployment.release.system_id) | Q(channel_id=deployment.channel_id)
    acting = _holding(Permission.ADVANCE_ROLLOUT, there)
    answering = Q(id=deployment.release.owner_id) | Q(username__in=names)
    return Account.objects.filter(answering | acting | (besides or Q(pk__in=[])))


def _holding(permission: Permission, there: Q) -> Q:
    """Accounts with a role that carries the permission, in force where ``there`` says."""
    roles = [role.value for role in roles_with(permission)]
    return Q(id__in=grants_in_force(moment()).filter(there, role__in=roles).values("account_id"))


def _facts(deployment: Deployment) -> dict[str, Any]:
    revision = deployment.revision
    return {
        "release": f"{revision.release.name} revision {revision.number}",
        "system": str(revision.release.system),
        "channel": deployment.channel.name,
    }


def _page(deployment: Deployment) -> str:
    return reverse("admin:rollout", args=[deployment.pk])
