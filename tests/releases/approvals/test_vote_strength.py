"""How strongly a voter must have proved who they are; tried through the seat, the session and the token."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from django.utils import timezone

from governance.access import roles
from governance.access.presence import NotInPerson, ReauthenticationNeeded, SecondFactorNeeded
from governance.access.queries import PermissionDenied
from governance.access.roles import Role, Strength
from governance.actors import Actor, Authentication, AuthMethod
from governance.errors import GovernanceError
from releases.approvals.models import Vote
from releases.approvals.services import cast_vote
from tests.factories.approvals import REASON, requested
from tests.factories.cast import actor
from tests.factories.worlds import Prepared

VOTE = frozenset({"approvals:vote", "read"})


@dataclass(frozen=True)
class Proof:
    """How and how long ago the voter proved who they are; None: nobody knows when."""

    method: AuthMethod
    age: timedelta | None = None
    mfa: bool = False
    scopes: frozenset[str] | None = None

    def now(self) -> Authentication:
        """The proof as it stands at this moment."""
        proved_at = None if self.age is None else timezone.now() - self.age
        return Authentication(self.method, mfa=self.mfa, proved_at=proved_at, scopes=self.scopes)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def voter(prepared: Prepared, auth: Authentication) -> Actor:
    return replace(actor(prepared.here.cast.approver), auth=auth)


def cast(prepared: Prepared, proof: Proof) -> Vote:
    request = requested(prepared.here, prepared.candidate)
    return cast_vote(voter(prepared, proof.now()), request=request, decision="approve", reason=REASON)


@pytest.mark.parametrize(
    "proof",
    [
        Proof(AuthMethod.SESSION, minutes(9)),
        Proof(AuthMethod.TOKEN, hours(11), mfa=True, scopes=VOTE),
    ],
    ids=["session", "token"],
)
def test_a_fresh_session_or_a_strong_token_votes_and_the_vote_says_so(
    prepared: Prepared, proof: Proof
) -> None:
    vote = cast(prepared, proof)

    assert (vote.auth_method, vote.auth_mfa) == (proof.method, proof.mfa)
    assert vote.auth_proved_at is not None
    assert proof.age is not None
    assert timedelta(0) <= vote.cast_at - vote.auth_proved_at - proof.age < minutes(1)


@pytest.mark.parametrize(
    ("proof", "error"),
    [
        (Proof(AuthMethod.SESSION, minutes(11)), ReauthenticationNeeded),
        (Proof(AuthMethod.SESSION), ReauthenticationNeeded),
        (Proof(AuthMethod.TOKEN, hours(1), scopes=VOTE), NotInPerson),
        (Proof(AuthMethod.TOKEN, hours(13), mfa=True, scopes=VOTE), NotInPerson),
        (Proof(AuthMethod.TOKEN, mfa=True, scopes=VOTE), NotInPerson),
        (Proof(AuthMethod.TOKEN, hours(1), mfa=True, scopes=frozenset({"read"})), PermissionDenied),
        (Proof(AuthMethod.TOKEN, hours(1), mfa=True), NotInPerson),
        (Proof(AuthMethod.SHELL, minutes(1)), NotInPerson),
    ],
    ids=[
        "old session",
        "session of unknown age",
        "token without a second factor",
        "old token",
        "token of unknown age",
        "token without the scope",
        "token that names no scopes",
        "shell",
    ],
)
def test_weaker_proofs_do_not_vote(prepared: Prepared, proof: Proof, error: type[GovernanceError]) -> None:
    with pytest.raises(error) as refusal:
        cast(prepared, proof)

    assert refusal.value.next_step
    assert not Vote.objects.exists()


def test_a_role_may_ask_for_a_second_factor(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(roles.STRENGTH, Role.APPROVER, Strength.MFA)
    request = requested(prepared.here, prepared.candidate)
    session = Authentication(AuthMethod.SESSION, proved_at=timezone.now())

    with pytest.raises(SecondFactorNeeded):
        cast_vote(voter(prepared, session), request=request, decision="approve", reason=REASON)
    strong = voter(prepared, replace(session, mfa=True))
    vote = cast_vote(strong, request=request, decision="approve", reason=REASON)

    assert vote.auth_mfa


def test_a_role_may_ask_for_no_fresh_proof(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(roles.STRENGTH, Role.APPROVER, Strength.NONE)

    vote = cast(prepared, Proof(AuthMethod.SESSION, hours(5)))

    assert vote.decision == "approve"
