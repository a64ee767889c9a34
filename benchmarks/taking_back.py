"""The measured process of rollbacks by hand: the call, and the answer that a subject gets behind it.

Redis and Celery are away: what is measured is the path that must work without them. The peer is the smallest
write that is governed: a permission, a transaction, a row, an entry.
"""

import json
from collections.abc import Callable
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from benchmarks.child import timed
from governance.access.models import Account
from governance.access.roles import Scope
from governance.access.services import issue_token
from governance.actors import Actor, ActorKind, Authentication, AuthMethod
from governance.project.warming import warm_up
from governance.registry.models import System
from governance.registry.services import register_channel
from releases.bundles.arms import Arm, arm_of
from releases.bundles.models import Assignment
from releases.rollouts.services import roll_back

WRITES = 20
REASON = "Measures"


def main(mode: str, _directory: str) -> None:
    """Measure ``rollback`` or ``write`` on the demo; the answer is how many were done."""
    timed(_taking_back() if mode == "rollback" else _writing())


def _actor(username: str) -> Actor:
    account = Account.objects.get(username=username)
    proof = Authentication(AuthMethod.SESSION, mfa=True, proved_at=timezone.now())
    return Actor(ActorKind.USER, username, proof, id=account.id)


def _taking_back() -> Callable[[], int]:
    """A rollout that gives somebody the candidate is taken back, and that somebody asks again. It is the
    first that the process takes back, as it is in practice: it has warmed up as a web process does, and has
    answered what is live.
    """
    warm_up()
    token = issue_token(
        _actor("admin"),
        account=Account.objects.get(username="integration"),
        name=REASON,
        scopes=(Scope.FLAGS,),
        expires_at=timezone.now() + timedelta(days=1),
    )
    client = Client(SERVER_NAME="localhost", headers={"authorization": f"Bearer {token.secret}"})
    manager = _actor("release_manager")
    open_now = Assignment.objects.filter(period__upper_inf=True, candidate__isnull=False)
    assignment = open_now.select_related("channel__system").order_by("channel__name")[0]
    subject = _subject(assignment)
    if _variant(client, assignment, subject) != Arm.CANDIDATE:
        raise RuntimeError(f"{subject} does not get the candidate on {assignment.channel}")

    def work() -> int:
        roll_back(manager, channel=assignment.channel, reason=REASON)
        if _variant(client, assignment, subject) == Arm.CANDIDATE:
            raise RuntimeError(f"{subject} still gets the candidate on {assignment.channel}")
        return 1

    return work


def _subject(assignment: Assignment) -> str:
    keys = (f"person-{number}" for number in range(10_000))
    return next(key for key in keys if arm_of(assignment, key) is Arm.CANDIDATE)


def _variant(client: Client, assignment: Assignment, subject: str) -> str:
    context = {"targetingKey": subject, "channel": assignment.channel.name}
    answer = client.post(
        f"/ofrep/v1/evaluate/flags/{assignment.channel.system.slug}",
        json.dumps({"context": context}),
        content_type="application/json",
    )
    return str(answer.json()["variant"])


def _writing() -> Callable[[], int]:
    system, administrator = System.objects.get(slug="onboarding-liveness"), _actor("admin")

    def work() -> int:
        for number in range(WRITES):
            register_channel(administrator, system=system, name=f"measured-{number}", kind="kiosk")
        return WRITES

    return work
