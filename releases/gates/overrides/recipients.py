"""Who is told of overrides: who could confirm one, who owns the release, and who could have given it."""

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from governance.access.models import Account, Proposal
from governance.actors import moment
from governance.notifications.services import notify
from governance.registry.models import Channel
from releases.bundles.models import Revision
from releases.bundles.queries import reading_scope
from releases.gates.models import Override
from releases.gates.overrides.people import answerable, permission_over, scope_of
from releases.gates.overrides.standing import Standing, goes_past, overridden
from releases.gates.overrides.terms import Case

WHICH = {"fail": "which failed", "inconclusive": "which is inconclusive"}


def tell_of_proposal(proposal: Proposal, case: Case) -> None:
    """Step of the verb that proposes, after its entry: everybody who could be the second person."""
    revision = case.revision
    could = answerable(revision, case.permission, case.scope, moment())
    act = f"let {_named(revision)} past its gate, {WHICH[case.evaluation.verdict]}"
    notify(
        "proposal.stored",
        subject=proposal,
        accounts=Account.objects.filter(id__in=could),
        context={
            "act": f"{act}, because of an active attack" if case.terms.expedite else act,
            "reason": proposal.reason,
            "expires_at": proposal.expires_at,
            "system": str(revision.release.system),
        },
        path=_path(revision),
    )


def tell_of_override(override: Override, case: Case) -> None:
    """Step of the verb that gives it, after its entries: the owner, who asked for the evaluation, and all
    others who could have given it."""
    facts = {
        "channels": sorted(channel.name for channel in case.channels),
        "sentence": f"Gate: {overridden(override, Standing.IN_FORCE)}.",
        "reason": override.reason,
        "expires_at": override.expires_at,
    }
    _tell("override.given", override, facts)


def tell_of_withdrawal(override: Override) -> None:
    """Step of the verb that withdraws it, after its entries."""
    names = Channel.objects.filter(pk__in=override.channels).order_by("name").values_list("name", flat=True)
    what = goes_past(override) if override.trigger_id else "its gate"
    facts = {"channels": list(names), "reason": override.withdrawal_reason, "past": what}
    _tell("override.withdrawn", override, facts)


def tell_of_review(override: Override) -> None:
    """Step of the verb that reviews it, after its entries."""
    _tell("expedite.reviewed", override, {"reason": override.review_conclusion})


def _tell(event: str, override: Override, facts: dict[str, Any]) -> None:
    revision = override.revision
    could = answerable(revision, permission_over(override), scope_of(override), moment())
    answering = Q(id__in=could) | Q(id=override.release.owner_id)
    if override.evaluation is not None:
        answering |= Q(username=override.evaluation.requested_by_username)
    accounts = Account.objects.filter(answering)
    named = {"release": _named(revision), "system": str(override.release.system)}
    notify(
        event,
        subject=override,
        accounts=accounts,
        context={**named, **facts},
        path=_path(revision) if override.trigger is None else _rollout(override.trigger.deployment_id),
        scope=reading_scope(revision),
    )


def _named(revision: Revision) -> str:
    return f"{revision.release.name} revision {revision.number}"


def _rollout(deployment_id: UUID) -> str:
    return reverse("admin:rollout", args=[deployment_id])


def _path(revision: Revision) -> str:
    return reverse("admin:review", args=[revision.pk])
