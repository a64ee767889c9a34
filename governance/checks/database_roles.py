"""The three database roles: the SQL that makes them, and the proof that a given set is fit for use.

Free of Django, because ``manage.py up`` asks before Django is imported.
"""

from collections.abc import Mapping

import psycopg
from psycopg import sql

from governance.checks.database_urls import (
    HOW_TO_MAKE_ROLES,
    VARIABLES,
    DatabaseRefused,
    DatabaseUrls,
    Role,
)

OLDEST_SERVER = 150_000
NEWEST_SERVER = 190_000

_FACTS = """
    SELECT current_user, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolreplication,
           pg_has_role(current_user, d.datdba, 'MEMBER')
    FROM pg_roles r, pg_database d
    WHERE r.rolname = current_user AND d.datname = current_database()
"""


def create_roles_sql(names: Mapping[Role, str], database: str) -> str:
    """The SQL an administrator of a PostgreSQL server runs, in psql, to make the roles and the database.

    Passwords stand in it as psql variables, so that none is printed or kept in a file.
    """
    app, owner, integrator = _quoted(names["app"]), _quoted(names["owner"]), _quoted(names["integrator"])
    return f"""\
-- Run in psql as an administrator of the server, e.g.
--   psql -v owner_password=… -v app_password=… -v integrator_password=… -f roles.sql postgres
CREATE ROLE {owner} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'owner_password';
CREATE ROLE {app} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'app_password';
CREATE ROLE {integrator} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION
  PASSWORD :'integrator_password';
CREATE DATABASE {_quoted(database)} OWNER {owner} ENCODING 'UTF8' TEMPLATE template0;
\\connect {_quoted(database)}
REVOKE ALL ON DATABASE {_quoted(database)} FROM PUBLIC;
GRANT CONNECT ON DATABASE {_quoted(database)} TO {app}, {integrator};
CREATE EXTENSION IF NOT EXISTS btree_gist;
"""


def refuse_unfit_roles(urls: DatabaseUrls) -> None:
    """Connect once as each role; raise :class:`DatabaseRefused` unless each is a separate, modest user."""
    users: dict[str, str] = {}
    for role, variable in VARIABLES.items():
        try:
            with psycopg.connect(urls.of(role), connect_timeout=5) as connection:
                _refuse_version(connection.info.server_version)
                user = _refuse_powers(connection, role, variable)
        except psycopg.OperationalError as error:
            raise DatabaseRefused(
                f"{variable}: no connection ({str(error).strip()}). Check host, port, user and password. "
                f"{HOW_TO_MAKE_ROLES}"
            ) from error
        if user in users:
            raise DatabaseRefused(
                f"{users[user]} and {variable} connect as the same user {user!r}: each role needs a user "
                f"of its own. {HOW_TO_MAKE_ROLES}"
            )
        users[user] = variable


def _refuse_version(version: int) -> None:
    if not OLDEST_SERVER <= version < NEWEST_SERVER:
        raise DatabaseRefused(
            f"The server is PostgreSQL {version // 10_000}; 15 to 18 are supported. "
            "Point the three URLs at one of these."
        )


def _refuse_powers(connection: "psycopg.Connection[tuple[object, ...]]", role: Role, variable: str) -> str:
    row = connection.execute(_FACTS).fetchone()
    assert row is not None
    user, is_super, bypasses, creates_roles, replicates, owns = row
    for held, power in (
        (is_super, "a superuser"),
        (bypasses, "allowed to bypass row security"),
        (creates_roles, "allowed to create roles"),
        (replicates, "allowed to replicate"),
    ):
        if held:
            raise DatabaseRefused(
                f"{variable}: user {user!r} is {power}; the ledger's guard does not bind such a user. "
                f"Use an ordinary one. {HOW_TO_MAKE_ROLES}"
            )
    if role == "owner" and not owns:
        raise DatabaseRefused(
            f"{variable}: user {user!r} does not own the database {connection.info.dbname!r}. "
            f"Run: ALTER DATABASE {_quoted(connection.info.dbname)} OWNER TO {_quoted(str(user))};"
        )
    if role != "owner" and owns:
        raise DatabaseRefused(
            f"{variable}: user {user!r} owns the database (or is a member of its owner) and could undo the "
            f"ledger's grants. Use a separate one. {HOW_TO_MAKE_ROLES}"
        )
    return str(user)


def _quoted(name: str) -> str:
    return sql.Identifier(name).as_string(None)
