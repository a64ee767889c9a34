"""Who may touch the ledger's tables: the whole table of rights, compared as one."""

import pytest

from governance.ledger.models import TreeState
from tests.database import servers
from tests.governance.ledger.reading import APP, INTEGRATOR, OWNER, refused_as
from tests.servers import SESSION_DATABASE

LEDGER = ("entry", "pending", "leaf", "tree_state", "tile", "checkpoint", "signed_checkpoint", "blob", "salt")
# Rights on tables, and rights on single columns, as the catalogue has them; the owner's own are left out.
_RIGHTS = """
SELECT c.relname, coalesce(r.rolname, 'PUBLIC'), a.privilege_type || coalesce(' ' || t.attname, '')
FROM pg_class c
CROSS JOIN LATERAL (
    SELECT NULL::name AS attname, x.* FROM aclexplode(c.relacl) x
    UNION ALL
    SELECT at.attname, x.* FROM pg_attribute at, aclexplode(at.attacl) x WHERE at.attrelid = c.oid
) a
CROSS JOIN LATERAL (SELECT a.attname) t
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND a.grantee <> c.relowner
"""
ROWS = {"SELECT", "INSERT", "UPDATE", "DELETE"}


def rights() -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for table, role, right in servers().postgres.ask(_RIGHTS, database=SESSION_DATABASE):
        found.setdefault((str(table), str(role)), set()).add(str(right))
    return found


def tables() -> set[str]:
    query = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    return {str(row[0]) for row in servers().postgres.ask(query, database=SESSION_DATABASE)}


def test_the_rights_on_the_ledger_are_exactly_these(db: None) -> None:
    found = {key: value for key, value in rights().items() if key[0] in LEDGER}

    assert found == {
        ("entry", APP): {
            "SELECT",
            *(f"INSERT {name}" for name in ("id", "stream", "stream_seq", "body", "at")),
        },
        ("pending", APP): {"SELECT", "INSERT entry_id", "INSERT queued_at"},
        ("blob", APP): {"SELECT", "INSERT"},
        ("leaf", APP): {"SELECT"},
        ("tree_state", APP): {"SELECT"},
        ("salt", APP): {"SELECT", "INSERT", "DELETE"},
        ("entry", INTEGRATOR): {"SELECT"},
        ("pending", INTEGRATOR): {"SELECT", "DELETE"},
        ("leaf", INTEGRATOR): {"SELECT", "INSERT"},
        ("tree_state", INTEGRATOR): {"SELECT", "UPDATE"},
        ("tile", APP): {"SELECT"},
        ("tile", INTEGRATOR): {"SELECT", "INSERT", "UPDATE hashes"},
        ("checkpoint", APP): {"SELECT"},
        ("checkpoint", INTEGRATOR): {"SELECT", "INSERT"},
        ("signed_checkpoint", APP): {"SELECT"},
        ("signed_checkpoint", INTEGRATOR): {"SELECT", "INSERT"},
    }


def test_the_application_has_row_rights_on_all_other_tables_but_those_it_only_reads_or_writes_once(
    db: None,
) -> None:
    found = {key[0]: value for key, value in rights().items() if key[1] == APP and key[0] not in LEDGER}

    assert found == dict.fromkeys(tables() - set(LEDGER), ROWS) | {
        "cosignature": {"SELECT", "INSERT"},
        "django_migrations": {"SELECT"},
        "key_succession": {
            *("SELECT", "INSERT"),
            *(f"UPDATE {name}" for name in ("ended_at", "is_compromised", "ended_by_username")),
        },
        "ledger_epoch": {"SELECT", "INSERT"},
        "releases_batchreplay": {"SELECT", "INSERT"},
        "releases_criterionresult": {"SELECT", "INSERT"},
        "releases_decision": {"SELECT", "INSERT"},
        "releases_decisionkey": {"SELECT", "INSERT"},
        "releases_observation": {"SELECT", "INSERT"},
        "releases_replaymismatch": {"SELECT", "INSERT"},
    }


def test_nobody_else_has_any_right(db: None) -> None:
    assert {role for _, role in rights()} == {APP, INTEGRATOR}


def test_the_integrator_touches_nothing_else(db: None) -> None:
    assert {table for table, role in rights() if role == INTEGRATOR} == {
        "entry",
        "pending",
        "leaf",
        "tree_state",
        "tile",
        "checkpoint",
        "signed_checkpoint",
        "key_succession",
        "ledger_epoch",
    }


def test_every_table_and_function_belongs_to_the_owner(db: None) -> None:
    owners = servers().postgres.ask(
        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class "
        "WHERE relnamespace = 'public'::regnamespace UNION "
        "SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE proname LIKE 'ledger%%'",
        database=SESSION_DATABASE,
    )

    assert owners == [(OWNER,)]


def test_none_of_the_three_roles_has_power_over_the_others(db: None) -> None:
    powerful = servers().postgres.ask(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'countersign%%' "
        "AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)"
    )
    members = servers().postgres.ask(
        "SELECT member::regrole, roleid::regrole FROM pg_auth_members "
        "WHERE member::regrole::text LIKE 'countersign%%'"
    )

    assert powerful == members == []


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO entry (id, stream, stream_seq, body, at) "
        "VALUES (gen_random_uuid(), 's', 1, '{}', now())",
        "INSERT INTO pending (entry_id) VALUES (gen_random_uuid())",
        "UPDATE leaf SET hash = ''",
        "DELETE FROM leaf",
        "DELETE FROM tree_state",
        "SELECT * FROM governance_account",
        "SELECT * FROM salt",
        "SELECT * FROM blob",
    ],
)
def test_the_integrator_may_not(committed_db: str, statement: str) -> None:
    with refused_as(INTEGRATOR, "permission denied") as other:
        other.execute(statement.encode())


def test_the_trees_size_has_one_row(committed_db: str) -> None:
    with refused_as(OWNER, "tree_state_one_row") as other:
        other.execute("INSERT INTO tree_state (id, size) VALUES (2, 0)")

    assert TreeState.objects.count() == 1
