"""Who may say that an incident did not happen: somebody who has no part in what it speaks against.

A suspected attack holds a release and nobody overrides it, so whoever wants that release forward must not be
the one who waves the suspicion away.
"""

from uuid import UUID

from django.db.models import Q

from governance.access.presence import require_strength, strength_of
from governance.access.queries import grants_in_force
from governance.access.roles import Permission, roles_with
from governance.actors import Actor, ActorKind, moment
from governance.errors import GovernanceError
from releases.bundles.models import Revision
from releases.gates.contributors import took_part
from releases.monitoring.incidents.models import Incident
from releases.rollouts.models import Deployment


class NotYoursToDismiss(GovernanceError):
    """The actor has a part in what the incident speaks against, or is no person."""

    code = "dismissal_refused"
    status = 403
    title = "Not yours to dismiss"
    next_step = "Ask a security reviewer or release manager who neither made nor started the release."


def check_may_dismiss(actor: Actor, incident: Incident) -> None:
    """Refuse those who own the release, contributed to it or started it there, and anybody without the proof
    that a vote asks of the role; inside a verb.

    Raises:
        NotYoursToDismiss, NotInPerson, ReauthenticationNeeded, SecondFactorNeeded
    """
    barred = why_not_dismiss(actor, incident)
    if barred or actor.id is None:
        raise NotYoursToDismiss(barred)
    require_strength(actor, strength_of(_roles(actor.id, incident)), "dismiss an incident")


def check_may_let_off(actor: Actor, incident: Incident, decided: Revision | None) -> None:
    """Refuse whoever has a part in a release that the incident would no longer speak against, once it is
    known that ``decided`` did; what may have decided is as good as dismissed then.

    Raises:
        NotYoursToDismiss
    """
    let_off = [one for one in _spoken_against(incident) if decided is not None and one.pk != decided.pk]
    if let_off and (barred := _why_not(actor, incident, let_off)):
        raise NotYoursToDismiss(barred)


def why_not_dismiss(actor: Actor, incident: Incident) -> str:
    """What bars the actor, in a sentence; empty for nothing."""
    return _why_not(actor, incident, _spoken_against(incident))


def _why_not(actor: Actor, incident: Incident, spoken_against: list[Revision]) -> str:
    if actor.id is None or actor.kind is not ActorKind.USER:
        return f"{actor.username} is no person, and a person answers for it."
    for revision in spoken_against:
        if took_part(revision, actor.id):
            return f"{actor.username} contributed to {revision}, against which the incident speaks."
        here = Deployment.objects.filter(revision=revision, channel=incident.channel)
        if here.filter(started_by_username=actor.username).exists():
            return f"{actor.username} brought {revision} to {incident.channel}."
    return ""


def _spoken_against(incident: Incident) -> list[Revision]:
    """What decided, or what may have."""
    keys = [incident.revision_id] if incident.revision_id else incident.possible
    return list(Revision.objects.filter(id__in=keys).select_related("release__system"))


def _roles(account_id: UUID, incident: Incident) -> set[str]:
    """The roles in which the account handles incidents there."""
    channel = incident.channel
    there = Q(system_id=channel.system_id) | Q(channel_id=channel.pk)
    roles = [role.value for role in roles_with(Permission.HANDLE_INCIDENT)]
    rows = grants_in_force(moment()).filter(there, account_id=account_id, role__in=roles)
    return set(rows.values_list("role", flat=True))
