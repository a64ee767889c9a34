"""Who may say that an incident did not happen, or that a latched trigger was heard: somebody who has no part
in what it speaks against.

A suspected attack holds a release and nobody overrides it, so whoever wants that release forward must not be
the one who waves the suspicion away.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from governance.access.presence import require_strength, strength_of
from governance.access.queries import grants_in_force
from governance.access.roles import Permission, Strength, roles_with
from governance.actors import Actor, ActorKind, moment
from governance.errors import GovernanceError
from governance.registry.models import Channel
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
    strength = strength_there(actor.id, incident.channel, Permission.HANDLE_INCIDENT)
    require_strength(actor, strength, "dismiss an incident")


def check_may_let_off(actor: Actor, incident: Incident, decided: Revision | None) -> None:
    """Refuse whoever has a part in a release that the incident would no longer speak against, once it is
    known that ``decided`` did; what may have decided is as good as dismissed then.

    Raises:
        NotYoursToDismiss
    """
    let_off = [one for one in _spoken_against(incident) if decided is not None and one.pk != decided.pk]
    if let_off and (barred := why_barred(actor, let_off, incident.channel)):
        raise NotYoursToDismiss(barred)


def why_not_dismiss(actor: Actor, incident: Incident) -> str:
    """What bars the actor, in a sentence; empty for nothing."""
    return why_barred(actor, _spoken_against(incident), incident.channel)


def why_barred(actor: Actor, spoken_against: Iterable[Revision], channel: Channel) -> str:
    """What bars the actor from waving away what speaks against the releases there, in a sentence; empty for
    nothing."""
    if actor.id is None or actor.kind is not ActorKind.USER:
        return f"{actor.username} is no person, and a person answers for it."
    for revision in spoken_against:
        if took_part(revision, actor.id):
            return f"{actor.username} contributed to {revision}, against which it speaks."
        here = Deployment.objects.filter(revision=revision, channel=channel)
        if here.filter(started_by_username=actor.username).exists():
            return f"{actor.username} brought {revision} to {channel}."
    return ""


def strength_there(account_id: UUID, channel: Channel, permission: Permission) -> Strength:
    """The proof that the roles ask for in which the account holds the permission there."""
    there = Q(system_id=channel.system_id) | Q(channel_id=channel.pk)
    roles = [role.value for role in roles_with(permission)]
    rows = grants_in_force(moment()).filter(there, account_id=account_id, role__in=roles)
    return strength_of(set(rows.values_list("role", flat=True)))


def _spoken_against(incident: Incident) -> list[Revision]:
    """What decided, or what may have."""
    keys = [incident.revision_id] if incident.revision_id else incident.possible
    return list(Revision.objects.filter(id__in=keys).select_related("release__system"))
