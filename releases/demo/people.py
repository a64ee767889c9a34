"""The demo's accounts, their grants and tokens."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from governance.access.granting import GrantTerms, grant_role
from governance.access.models import Account, AccountKind
from governance.access.roles import Role, Scope
from governance.access.services import create_account, create_first_administrator, issue_token
from governance.actors import Actor, ActorKind, Authentication, AuthMethod
from governance.registry.models import Channel, System

PASSWORD = "countersign-demo"  # noqa: S105 - the published password of the demo, refused outside it
TOKEN_FILE = ".local/demo-tokens.json"  # noqa: S105 - where tokens are written, not a token
TOKEN_DAYS = 30

PERSONS = {
    "author": Role.AUTHOR,
    "qa_lead": Role.QA_LEAD,
    "security_all": Role.SECURITY_REVIEWER,
    "manager": Role.APPROVER,
    "release_manager": Role.RELEASE_MANAGER,
    "auditor": Role.AUDITOR,
}
ON_WEB_ONLY = "security_web"
SERVICE = "integration"
EVERYBODY = {**PERSONS, SERVICE: Role.INTEGRATION}


@dataclass
class Clock:
    """The demo's time: it starts in the past and only moves forward, never past the present."""

    now: datetime = field(default_factory=lambda: timezone.now() - timedelta(days=30))
    stands: bool = False

    def pass_by(self, **spans: float) -> datetime:
        """Let time pass, unless it stands; answers the new time."""
        return self.now if self.stands else self.reach(self.now + timedelta(**spans))

    def reach(self, at: datetime) -> datetime:
        """Let time pass until then; answers the new time."""
        self.now = max(self.now, min(at, timezone.now() - timedelta(seconds=1)))
        return self.now

    def ago(self, **spans: float) -> datetime:
        """Let time pass until so long before the present."""
        return self.reach(timezone.now() - timedelta(**spans))


@dataclass
class Stage:
    """The demo's clock and accounts. Simulated acts carry the clock's time and say so in their entries."""

    clock: Clock = field(default_factory=Clock)
    accounts: dict[str, Account] = field(default_factory=dict)
    in_present: bool = False

    def actor(self, username: str) -> Actor:
        """The account acting at the clock's time, or now once the story has reached the present."""
        account = self.accounts[username]
        at = timezone.now() if self.in_present else self.clock.pass_by(minutes=1)
        return Actor(
            ActorKind.SERVICE if account.kind == AccountKind.SERVICE else ActorKind.USER,
            username,
            Authentication(AuthMethod.DEMO, proved_at=at),
            id=account.id,
            at=None if self.in_present else at,
            simulated=not self.in_present,
        )

    def engine(self) -> Actor:
        """The worker, at the clock's time."""
        at = None if self.in_present else self.clock.pass_by(minutes=1)
        return Actor(
            ActorKind.TASK,
            "engine",
            Authentication(AuthMethod.WORKER),
            task_id="seed_demo",
            at=at,
            simulated=not self.in_present,
        )

    @contextmanager
    def present(self) -> Iterator[None]:
        """What happens in the block happens now: open requests and deadlines carry real times."""
        self.in_present = True
        try:
            yield
        finally:
            self.in_present = False

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What happens in the block happens at one moment of the demo's time, as within one look."""
        stood, self.clock.stands = self.clock.stands, True
        try:
            yield
        finally:
            self.clock.stands = stood


def make_accounts(stage: Stage) -> None:
    """Create the administrator and everybody else; nobody has a role yet."""
    operator = Actor(
        ActorKind.COMMAND,
        "seed_demo",
        Authentication(AuthMethod.SHELL),
        at=stage.clock.pass_by(minutes=1),
        simulated=True,
    )
    stage.accounts["admin"] = create_first_administrator(operator, username="admin", password=PASSWORD)
    for username in (*PERSONS, ON_WEB_ONLY):
        stage.accounts[username] = create_account(
            stage.actor("admin"),
            username=username,
            password=PASSWORD,
            email=f"{username.replace('_', '.')}@demo.invalid",
        )
    stage.accounts[SERVICE] = create_account(stage.actor("admin"), username=SERVICE, kind=AccountKind.SERVICE)
    everything = GrantTerms(stage.accounts["auditor"], Role.AUDITOR, "Demo account, the whole installation")
    grant_role(stage.actor("admin"), terms=everything)


def give_roles(
    stage: Stage, system: System, web_channels: Iterable[Channel], roles: Mapping[str, Role] = EVERYBODY
) -> None:
    """Grant accounts their roles; the sole administrator acts alone, and the entries say so."""
    for username, role in roles.items():
        terms = GrantTerms(stage.accounts[username], role, "Demo account", system_id=system.id)
        grant_role(stage.actor("admin"), terms=terms)
    for channel in web_channels:
        terms = GrantTerms(
            stage.accounts[ON_WEB_ONLY],
            Role.SECURITY_REVIEWER,
            "Demo account, web channels only",
            channel_id=channel.id,
            channel_system_id=system.id,
        )
        grant_role(stage.actor("admin"), terms=terms)


def write_tokens(stage: Stage, path: Path) -> None:
    """Issue every account a token for everything its role may do, and write them to a private file."""
    tokens = {}
    with stage.present():
        for username, account in stage.accounts.items():
            token = issue_token(
                stage.actor("admin"),
                account=account,
                name="Demo",
                scopes=tuple(Scope),
                expires_at=timezone.now() + timedelta(days=TOKEN_DAYS),
            )
            tokens[username] = token.secret
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(tokens, file, indent=2)
