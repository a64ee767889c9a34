"""A refusal says what is missing, who has it, and what to do next; and it is recorded."""

import pytest

from governance.access.queries import PermissionDenied, require
from governance.access.roles import Permission
from governance.actors import Actor, ActorKind, Authentication, AuthMethod, task_actor
from governance.ledger.queries import entry_of
from governance.registry.services import register_channel
from tests.factories.cast import Cast, actor, operator


def test_a_refusal_names_the_permission_and_the_roles_that_carry_it(team: Cast) -> None:
    with pytest.raises(PermissionDenied) as refused:
        require(actor(team.auditor), Permission.REGISTER_COMPONENT, team.system)

    assert refused.value.message == (
        "auditor may not register component here: it takes author, integration on this scope."
    )
    assert refused.value.next_step.startswith("Ask an administrator for a grant")


def test_a_refusal_of_a_token_names_its_scope(team: Cast) -> None:
    proof = Authentication(AuthMethod.TOKEN, scopes=frozenset({"read"}))
    acting = Actor(ActorKind.USER, "author", proof, id=team.author.id)

    with pytest.raises(PermissionDenied, match=r"The token lacks the scope registry:write\.") as refused:
        require(acting, Permission.REGISTER_COMPONENT, team.system)

    assert "this scope" in refused.value.next_step


@pytest.mark.parametrize(
    "permission", [Permission.REGISTER_COMPONENT, Permission.VOTE, Permission.FREEZE_RELEASE]
)
def test_machines_without_an_account_may_only_what_their_built_in_role_says(
    team: Cast, permission: Permission
) -> None:
    with pytest.raises(PermissionDenied):
        require(task_actor("task-1"), permission, team.system)
    with pytest.raises(PermissionDenied):
        require(operator(), permission, team.system)


def test_a_refused_attempt_is_recorded_with_its_object(team: Cast) -> None:
    with pytest.raises(PermissionDenied):
        register_channel(actor(team.author), system=team.system, name="kiosk", kind="kiosk")

    entry = entry_of(f"refusals:{team.author.id}", "verb.refused")
    assert entry is not None
    assert entry.document["after"]["verb"] == "channel.registered"
    assert entry.document["after"]["code"] == "permission_denied"
    assert entry.document["after"]["targets"] == [team.system.stream()]
