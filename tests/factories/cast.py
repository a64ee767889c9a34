"""The fixed cast: every person and service of the tests, made and granted through the real services.

Two administrators give every powerful role together, as in the product. All stand on one system; the
security reviewer holds the role on the channel ``mobile_web`` only, and the stranger holds nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import timedelta

from django.utils import timezone

from governance.access.granting import GrantTerms, grant_role, propose_grant
from governance.access.models import Account, AccountKind, Grant
from governance.access.roles import GRANTABLE, POWERFUL, Role, Scope
from governance.access.services import create_account, create_first_administrator, issue_token
from governance.actors import Actor, ActorKind, Authentication, AuthMethod, command_actor
from governance.registry.models import Channel, System
from governance.registry.services import register_channel, register_system
from tests.factories.snapshot import remembered

PASSWORD = "plum-orchard-at-dusk"
CHANNELS = ("android", "ios", "mobile_web")
ONE_CHANNEL = "mobile_web"
REASON = "Member of the test's cast"


@dataclass(frozen=True)
class Cast:
    """Accounts by what they may do on ``system``; ``security_reviewer`` only on its channel mobile_web."""

    system: System
    admin: Account
    admin_two: Account
    author: Account
    qa_lead: Account
    security_reviewer: Account
    security_all: Account
    approver: Account
    approver_two: Account
    release_manager: Account
    auditor: Account
    integration: Account
    stranger: Account

    def channel(self, name: str = ONE_CHANNEL) -> Channel:
        """A channel of the system by its name."""
        return Channel.objects.select_related("system").get(system=self.system, name=name)


ROLES = {
    "author": Role.AUTHOR,
    "qa_lead": Role.QA_LEAD,
    "security_all": Role.SECURITY_REVIEWER,
    "approver": Role.APPROVER,
    "approver_two": Role.APPROVER,
    "release_manager": Role.RELEASE_MANAGER,
    "auditor": Role.AUDITOR,
    "integration": Role.INTEGRATION,
}
"""Roles on the whole system, by the account's name in the cast."""


def operator() -> Actor:
    """The operator at the shell."""
    return command_actor("operator")


def actor(account: Account) -> Actor:
    """The account acting now: a person by a session that was just proved, a service by an unlimited token."""
    is_service = account.kind == AccountKind.SERVICE
    return Actor(
        ActorKind.SERVICE if is_service else ActorKind.USER,
        account.username,
        Authentication(AuthMethod.TOKEN if is_service else AuthMethod.SESSION, proved_at=timezone.now()),
        id=account.id,
    )


@remembered
def administrator() -> Account:
    """The installation's first administrator, made once."""
    first = Account.objects.filter(username="admin").first()
    return first or create_first_administrator(operator(), username="admin", password=PASSWORD)


@remembered
def second_administrator() -> Account:
    """Another administrator, made once; from then on powerful roles take two persons."""
    second = Account.objects.filter(username="admin_two").first()
    if second is None:
        second = person("admin_two")
        terms = GrantTerms(second, Role.ADMINISTRATOR, REASON)
        grant_role(actor(administrator()), terms=terms)
    return second


@remembered
def person(username: str) -> Account:
    """A person without any grant, who can sign in with ``PASSWORD``."""
    return create_account(actor(administrator()), username=username, password=PASSWORD)


@remembered
def service(username: str) -> Account:
    """A service account without any grant."""
    return create_account(actor(administrator()), username=username, kind=AccountKind.SERVICE)


@remembered
def grant(
    account: Account, role: str, *, system: System | None = None, channel: Channel | None = None
) -> Grant:
    """Give a role from now on; a powerful one is proposed by one administrator, confirmed by the other."""
    terms = GrantTerms(
        account,
        role,
        REASON,
        system_id=system.id if system else None,
        channel_id=channel.id if channel else None,
        channel_system_id=channel.system_id if channel else None,
    )
    if role not in POWERFUL:
        return grant_role(actor(administrator()), terms=terms)
    confirming = second_administrator()
    proposal = propose_grant(actor(administrator()), terms=terms)
    return grant_role(actor(confirming), terms=terms, proposal=proposal.id)


@remembered
def system_with_channels(
    slug: str = "onboarding-liveness",
    kinds: Sequence[str] = CHANNELS,
    *,
    dataset_change_limit_rate: float = 0.1,
    starter_may_cast_last_vote: bool = False,
) -> System:
    """A registered system with one channel per kind, named like its kind."""
    by = actor(administrator())
    system = register_system(
        by,
        slug=slug,
        name=slug.replace("-", " ").capitalize(),
        dataset_change_limit_rate=dataset_change_limit_rate,
        starter_may_cast_last_vote=starter_may_cast_last_vote,
    )
    for kind in kinds:
        register_channel(by, system=system, name=kind, kind=kind)
    return system


@remembered
def cast(system: System | None = None) -> Cast:
    """The whole cast on ``system``, which is made with three channels if none is given."""
    chosen = system or system_with_channels()
    second_administrator()
    for name, role in ROLES.items():
        grant(service(name) if name == "integration" else person(name), role, system=chosen)
    channel = Channel.objects.get(system=chosen, name=ONE_CHANNEL)
    grant(person("security_reviewer"), Role.SECURITY_REVIEWER, channel=channel)
    person("stranger")
    names = {field.name for field in fields(Cast)} - {"system"}
    accounts = {account.username: account for account in Account.objects.filter(username__in=names)}
    return Cast(system=chosen, **accounts)


@remembered
def token_for(account: Account, *scopes: str, days: int = 30) -> str:
    """The secret of a new token of the account, for all scopes unless some are named.

    A person issues it at a session; a service has none, so its token comes from the administrator.
    """
    by = administrator() if account.kind == AccountKind.SERVICE else account
    token = issue_token(
        actor(by),
        account=account,
        name="A test's token",
        scopes=scopes or tuple(Scope),
        expires_at=timezone.now() + timedelta(days=days),
    )
    return token.secret


@remembered
def everybody_in_one(system: System, username: str = "allrounder") -> Account:
    """A person with every role on ``system``, for tests of what lies outside it."""
    account = person(username)
    for role in GRANTABLE:
        grant(account, role, system=system)
    return account
