"""How strongly the actor has proved to be the person: at a session, and lately enough.

A stolen token must not be able to hand out power. Acts that do (grants, one's own password and tokens)
need a session, or a token that its person minted after a second factor at most twelve hours ago.
"""

from datetime import timedelta

from governance.access.roles import Scope
from governance.actors import Actor, ActorKind, AuthMethod, moment
from governance.errors import GovernanceError

IN_PERSON = frozenset({AuthMethod.SESSION, AuthMethod.DEMO})
FRESH = timedelta(minutes=10)
TOKEN_PROVES_FOR = timedelta(hours=12)


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
