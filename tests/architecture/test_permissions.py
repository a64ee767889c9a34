"""Who may, as data: complete on every side, and asked first by every verb (rule 7)."""

import ast

from governance.access.roles import (
    GRANTABLE,
    INSTALLATION_WIDE,
    PERMISSIONS,
    PERSONS_ONLY,
    POWERFUL,
    SCOPE_OF,
    STRENGTH,
    Permission,
    Role,
    Scope,
    roles_with,
)
from tests.architecture.sources import Function, Source, called, decorated, sources, statements

ROLES_FILE = "governance/access/roles.py"
ASKS_OTHERWISE = {
    "change_password": "One's own takes a fresh session, another's the permission.",
    "issue_token": "One's own needs no permission, another's does.",
    "revoke_token": "One's own needs no permission, another's does.",
    "propose_adoption": "The channels are listed first: the permission is asked on all of them together.",
    "adopt_release": "The channels are listed first: the permission is asked on all of them together.",
    "report_decisions": "The channels are collected first: the permission is asked on each of them.",
    "report_observations": "The channels are collected first: the permission is asked on each of them.",
    "roll_back": "The owner of the rollback plan may as well.",
}
"""Verbs whose first line is no ``require``, with the reason; each asks within its first two statements."""


def verbs() -> dict[str, tuple[Source, Function]]:
    return {
        function.name: (file, function)
        for file in sources()
        for function in file.functions()
        if decorated(function, "verb")
    }


def first_call(function: Function) -> str:
    """What the first statement calls, if it is nothing but a call (its answer may be kept)."""
    first = statements(function)[0]
    value = first.value if isinstance(first, ast.Expr | ast.Assign) else None
    return called(value) if isinstance(value, ast.Call) else ""


def asks_first(file: Source, function: Function) -> bool:
    """Whether the first statement is ``require``, or a function of the same file whose first one is."""
    name = first_call(function)
    checks = [other for other in file.functions() if other.name == name]
    return name == "require" or any(first_call(check) == "require" for check in checks)


def not_asking_first() -> set[str]:
    return {name for name, (file, function) in verbs().items() if not asks_first(file, function)}


def permissions_asked() -> set[str]:
    """Permissions that code outside the table names."""
    return {
        node.attr
        for file in sources()
        if file.path != ROLES_FILE
        for node in file.nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Permission"
    }


def test_every_permission_belongs_to_a_tokens_scope() -> None:
    assert set(SCOPE_OF) == set(Permission)
    assert set(SCOPE_OF.values()) == set(Scope)


def test_every_role_is_in_the_table_and_every_permission_is_carried_by_a_role() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert [permission for permission in Permission if not roles_with(permission)] == []


def test_every_permission_is_asked_somewhere() -> None:
    assert {permission.name for permission in Permission} - permissions_asked() == set()


def test_the_lists_of_roles_agree() -> None:
    assert set(Role) - set(GRANTABLE) == {Role.ENGINE, Role.OPERATOR}
    assert set(GRANTABLE) >= POWERFUL | PERSONS_ONLY | INSTALLATION_WIDE | set(STRENGTH)
    assert POWERFUL >= PERSONS_ONLY


def test_whoever_votes_is_a_person_and_proves_it() -> None:
    assert set(STRENGTH) == roles_with(Permission.VOTE)
    assert roles_with(Permission.VOTE) <= PERSONS_ONLY


def test_administrators_neither_vote_nor_release() -> None:
    assert (
        PERMISSIONS[Role.ADMINISTRATOR]
        & {
            Permission.VOTE,
            Permission.START_ROLLOUT,
            Permission.FREEZE_RELEASE,
            Permission.LOCK_POLICY,
        }
        == set()
    )


def test_every_verb_asks_for_its_permission_first() -> None:
    assert not_asking_first() == set(ASKS_OTHERWISE)


def asks_soon(name: str) -> bool:
    return any("require" in ast.unparse(statement) for statement in statements(verbs()[name][1])[:2])


def test_the_verbs_that_ask_otherwise_ask_in_their_first_two_statements() -> None:
    assert [name for name in ASKS_OTHERWISE if not asks_soon(name)] == []


def test_every_verb_takes_an_actor_first_and_names_the_rest() -> None:
    wrong = [
        name
        for name, (_file, function) in verbs().items()
        if [argument.arg for argument in function.args.args] != ["actor"] or function.args.vararg
    ]

    assert wrong == []
