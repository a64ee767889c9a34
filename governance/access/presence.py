"""How strongly the actor has proved to be the person: at a session, and lately enough.

A stolen token must not be able to hand out power. Acts that do (grants, one's own password and tokens)
need a session, or a token that its person minted after a second factor at most twelve hours ago.
"""

from collections.abc import Iterable
from datetime import timedelta

from governance.access.roles import STRENGTH, Role, Scope, Strength
from governance.actors import Actor, ActorKind, AuthMethod, moment
from governance.errors import GovernanceError

IN_PERSON = frozenset({AuthMethod.SESSION, AuthMethod.DEMO})
FRESH = timedelta(minutes=10)
TOKEN_PROVES_FOR = timedelta(hours=12)
WEAKEST_FIRST = (Strength.NONE, Strength.REAUTHENTICATION, Strength.MFA)


class NotInPerson(GovernanceError):
    """The act needs the person at a session; a token does not prove that somebody sits there."""

    code = "session_needed"
    status = 403
    title = "Sign in for this"
    next_step = (
        "Sign in and repeat it there, or use a token that you minted after a second factor at most "
        "12 hours ago with the scope approvals:vote."
    )


class ReauthenticationNeeded(GovernanceError):
    """The session is older than the act allows."""

    code = "reauthentication_needed"
    status = 403
    title = "Confirm who you are"
    next_step = "Give your password again (POST /api/v1/reauthenticate/) and repeat the request."


class SecondFactorNeeded(GovernanceError):
    """The role in which the person acts asks for a second factor."""

    code = "second_factor_needed"
    status = 403
    title = "A second factor is needed"
    next_step = "Sign in with your second factor and repeat it."


def is_in_person(actor: Actor) -> bool:
    """Whether the actor is a person at a session, or holds a token that stands for one."""
    if actor.kind is not ActorKind.USER:
        return False
    auth = actor.auth
    if auth.method in IN_PERSON:
        return True
    return auth.mfa and Scope.VOTE in (auth.scopes or ()) and auth.is_fresh(moment(), TOKEN_PROVES_FOR)


def require_presence(actor: Actor, act: str) -> None:
    """Refuse ``act`` (a phrase after "to") unless a person does it. Inside a verb.

    Raises:
        NotInPerson: a service, or a token that does not stand for its person.
    """
    if not is_in_person(actor):
        raise NotInPerson(f"It takes a signed-in person to {act}.")


def require_fresh_session(actor: Actor, act: str) -> None:
    """Refuse ``act`` unless the person proved who they are within the last ten minutes. Inside a verb.

    Raises:
        NotInPerson: no session.
        ReauthenticationNeeded: an older one.
    """
    if actor.auth.method not in IN_PERSON:
        raise NotInPerson(f"It takes a signed-in person to {act}.", next_step="Sign in and repeat it there.")
    if not actor.auth.is_fresh(moment(), FRESH):
        raise ReauthenticationNeeded(f"To {act}, prove who you are: your last proof is over 10 minutes old.")


def strength_of(roles: Iterable[str]) -> Strength:
    """The strongest proof that one of the roles asks for."""
    asked = [STRENGTH.get(Role(role), Strength.NONE) for role in roles]
    return max(asked, key=WEAKEST_FIRST.index, default=Strength.NONE)


def require_strength(actor: Actor, needed: Strength, act: str) -> None:
    """Refuse ``act`` (a phrase after "to") without the proof that a role asks for: a session proved within
    10 minutes, or a person's token minted after a second factor with scope ``approvals:vote`` at most 12
    hours ago. Inside a verb.

    Raises:
        NotInPerson, ReauthenticationNeeded, SecondFactorNeeded: saying what to do.
    """
    require_presence(actor, act)
    if needed is not Strength.NONE and actor.auth.method in IN_PERSON:
        require_fresh_session(actor, act)
    if needed is Strength.MFA and not actor.auth.mfa:
        raise SecondFactorNeeded(f"To {act} takes a second factor here, and none was used.")
