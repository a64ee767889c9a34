"""Who may touch the ledger's tables: the privileges of the three database roles.

``app`` appends entries and reads; it cannot change or remove what is written, nor write the tree. It may
insert into the named columns only: the transaction id of an entry and the place of a pending one are the
database's own, so that no statement of the application can forge what the guard and the integrator trust.
``integrator`` numbers entries, writes the tree and signs it, and nothing else. ``owner`` only migrates.
"""

from typing import Any

from django.conf import settings

APP = {
    "entry": "SELECT, INSERT (id, stream, stream_seq, body, at)",
    "pending": "SELECT, INSERT (entry_id, queued_at)",
    "blob": "SELECT, INSERT",
    "leaf": "SELECT",
    "tree_state": "SELECT",
    "salt": "SELECT, INSERT, DELETE",
}
INTEGRATOR = {
    "entry": "SELECT",
    "pending": "SELECT, DELETE",
    "leaf": "SELECT, INSERT",
    "tree_state": "SELECT, UPDATE",
}

TREE_APP = {"tile": "SELECT", "checkpoint": "SELECT", "signed_checkpoint": "SELECT"}
TREE_INTEGRATOR = {
    "tile": "SELECT, INSERT, UPDATE (hashes)",
    "checkpoint": "SELECT, INSERT",
    "signed_checkpoint": "SELECT, INSERT",
}
"""The tables that came with the tree, apart: a migration that has landed gives what it gave."""

KEYS_INTEGRATOR = {"key_succession": "SELECT", "ledger_epoch": "SELECT"}
"""What the integrator asks before it signs: which keys may, and for which log."""

ENDING = "ended_at, is_compromised, ended_by_username"
"""Columns of a succession that the end of a rotation fills in."""


def default_privileges(schema_editor: Any) -> None:
    """Give ``app`` the ordinary rights on every table and sequence that ``owner`` makes from now on."""
    app = schema_editor.quote_name(settings.DATABASE_ROLE_NAMES["app"])
    integrator = schema_editor.quote_name(settings.DATABASE_ROLE_NAMES["integrator"])
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {app}, {integrator}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {app}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {app}",
    ):
        schema_editor.execute(statement)


def ledger_privileges(schema_editor: Any) -> None:
    """Cut the two roles' rights on the ledger's tables down to what the write path needs."""
    _only(schema_editor, APP, INTEGRATOR)


def tree_privileges(schema_editor: Any) -> None:
    """The same for the tables of the tree."""
    _only(schema_editor, TREE_APP, TREE_INTEGRATOR)


def keys_privileges(schema_editor: Any) -> None:
    """Let the integrator read which keys sign, and since when; the application writes it by verbs."""
    integrator = schema_editor.quote_name(settings.DATABASE_ROLE_NAMES["integrator"])
    for table, rights in KEYS_INTEGRATOR.items():
        schema_editor.execute(f"GRANT {rights} ON {table} TO {integrator}")


def custody_privileges(schema_editor: Any) -> None:
    """Leave the application what its verbs need: add keys and epochs, and end a rotation.

    Without UPDATE or DELETE on the whole table it cannot lock the integrator out of it either.
    """
    for table in KEYS_INTEGRATOR:
        write_once(schema_editor, table)
    app = schema_editor.quote_name(settings.DATABASE_ROLE_NAMES["app"])
    schema_editor.execute(f"GRANT UPDATE ({ENDING}) ON key_succession TO {app}")


def _only(schema_editor: Any, of_app: dict[str, str], of_integrator: dict[str, str]) -> None:
    app = schema_editor.quote_name(settings.DATABASE_ROLE_NAMES["app"])
    integrator = schema_editor.quote_name(settings.DATABASE_ROLE_NAMES["integrator"])
    for table in of_app:
        schema_editor.execute(f"REVOKE ALL ON {table} FROM PUBLIC, {app}, {integrator}")
    for table, rights in of_app.items():
        schema_editor.execute(f"GRANT {rights} ON {table} TO {app}")
    for table, rights in of_integrator.items():
        schema_editor.execute(f"GRANT {rights} ON {table} TO {integrator}")


def write_once(schema_editor: Any, table: str) -> None:
    """Let the application insert into ``table`` and read it; what is written never changes."""
    app = schema_editor.quote_name(settings.DATABASE_ROLE_NAMES["app"])
    schema_editor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {schema_editor.quote_name(table)} FROM {app}")
