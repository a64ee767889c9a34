"""Which channels a caller may ask about; no refusal tells what is out of reach."""

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.utils import timezone

from governance.access.queries import EVERYWHERE, Reach, reach, reach_of, require
from governance.access.roles import Permission, roles_with
from governance.access.scopes import INSTALLATION, AccessScope
from governance.actors import Actor
from governance.registry.models import NAME, SLUG, Channel
from releases.rollouts.ofrep.protocol import FlagNotFound, unknown_channel
from releases.rollouts.ofrep.serving import Serving, serving


def served_channel(actor: Actor, key: str, name: object) -> Serving:
    """The channel that the context names, if the actor may evaluate flags there.

    Raises:
        FlagNotFound: no such system within the actor's reach.
        PermissionDenied: within reach, but without the permission.
        EvaluationRefused: no such channel of the system.
    """
    evaluating = reach(actor, Permission.EVALUATE_FLAGS)
    if evaluating is None:
        require(actor, Permission.EVALUATE_FLAGS, INSTALLATION)
        raise FlagNotFound(key)
    if _fits(SLUG, key) and _fits(NAME, name):
        for found in serving(str(name), key):
            if evaluating.acts_on(found.scope):
                return found
    raise _refusal(actor, evaluating, key, name)


def served_channels(actor: Actor, name: object) -> list[Serving]:
    """The channels of that name of every system about which the actor may ask, by the system's slug.

    Raises:
        PermissionDenied: the actor evaluates flags nowhere.
        EvaluationRefused: there is no such channel; the message names those that there are.
    """
    evaluating = reach(actor, Permission.EVALUATE_FLAGS)
    if evaluating is None or evaluating == NOWHERE:
        require(actor, Permission.EVALUATE_FLAGS, INSTALLATION)
    elif _fits(NAME, name):
        found = [one for one in serving(str(name)) if evaluating.acts_on(one.scope)]
        if found:
            return found
    known = [] if evaluating is None else _known(Channel.objects.all(), evaluating)
    raise unknown_channel(name, known)


NOWHERE = Reach(False, frozenset(), {})


def _refusal(actor: Actor, evaluating: Reach, key: str, name: object) -> Exception:
    """Why there is no answer: what cannot be seen does not exist, what can be seen is told apart."""
    rows = Channel.objects.filter(system__slug=key) if _fits(SLUG, key) else Channel.objects.none()
    channels = {row.name: row for row in rows}
    if not channels:
        return FlagNotFound(key)
    channel = channels.get(name) if isinstance(name, str) else None
    viewing = _viewing(actor)
    whole = AccessScope(next(iter(channels.values())).system_id)
    if not viewing.reads(whole):
        return FlagNotFound(key)
    if not evaluating.reads(whole):
        require(actor, Permission.EVALUATE_FLAGS, whole)
    if channel is not None and viewing.reads(channel.access_scope()):
        require(actor, Permission.EVALUATE_FLAGS, channel)
    return unknown_channel(name, _known(rows, evaluating))


def _known(rows: QuerySet[Channel], evaluating: Reach) -> list[str]:
    return sorted({row.name for row in rows if evaluating.acts_on(row.access_scope())})


def _fits(form: RegexValidator, value: object) -> bool:
    """Whether this can be a slug or a name; what cannot is asked of no database."""
    try:
        form(value)
    except ValidationError:
        return False
    return isinstance(value, str)


def _viewing(actor: Actor) -> Reach:
    """What the actor's roles let it see; a token for flags alone need not carry the scope to read."""
    if actor.id is None:
        return EVERYWHERE
    return reach_of(actor.id, roles_with(Permission.VIEW), actor.at or timezone.now())
