"""The three database URLs and what must hold between them; pure, and free of Django.

The application, the owner of the schema and the integrator of the ledger are three database users, so that
no request can change what the ledger holds. There is no mode with fewer: half a set of URLs is refused
here, before anything connects.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict

Role = Literal["app", "owner", "integrator"]

VARIABLES: dict[Role, str] = {
    "app": "DATABASE_URL",
    "owner": "DATABASE_OWNER_URL",
    "integrator": "DATABASE_INTEGRATOR_URL",
}
DEFAULT_NAMES: dict[Role, str] = {
    "app": "countersign_app",
    "owner": "countersign_owner",
    "integrator": "countersign_integrator",
}
HOW_TO_MAKE_ROLES = "`manage.py database_roles` prints the SQL that creates all three."


class DatabaseRefused(Exception):
    """The database that was named cannot be used; the message says which part and what to do next."""


@dataclass(frozen=True)
class DatabaseUrls:
    """One libpq URL per role: ``postgresql://user:secret@host:5432/name`` or ``…@/name?host=/socket``."""

    app: str
    owner: str
    integrator: str

    def of(self, role: Role) -> str:
        """The URL of one role."""
        return {"app": self.app, "owner": self.owner, "integrator": self.integrator}[role]

    def user(self, role: Role) -> str:
        """The user named by the URL of one role."""
        return connection_parts(self.of(role), VARIABLES[role])["user"]

    def environment(self) -> dict[str, str]:
        """The three variables for a child process."""
        return {VARIABLES[role]: self.of(role) for role in VARIABLES}


def read_database_urls(environ: Mapping[str, str]) -> DatabaseUrls | None:
    """The three URLs of ``environ``, or None if not one is set.

    Raises :class:`DatabaseRefused` when some are missing, malformed, or two of them name the same user.
    """
    given = {role: environ.get(name, "") for role, name in VARIABLES.items()}
    if not any(given.values()):
        return None
    missing = [VARIABLES[role] for role, url in given.items() if not url]
    if missing:
        present = [VARIABLES[role] for role, url in given.items() if url]
        raise DatabaseRefused(
            f"{' and '.join(missing)} not set, although {' and '.join(present)} {_is_or_are(present)}: "
            f"the three database roles are needed together. {HOW_TO_MAKE_ROLES}"
        )
    urls = DatabaseUrls(app=given["app"], owner=given["owner"], integrator=given["integrator"])
    _refuse_shared_users(urls)
    _refuse_different_databases(urls)
    return urls


def connection_parts(url: str, variable: str) -> dict[str, str]:
    """The parts of one libpq URL as text; ``user`` and ``dbname`` must be stated in it."""
    try:
        parts = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.ProgrammingError as error:
        raise DatabaseRefused(
            f"{variable} is not a PostgreSQL URL ({error}). "
            "Write it as postgresql://user:password@host:5432/database."
        ) from error
    for key, meaning in (("user", "user"), ("dbname", "database")):
        if not parts.get(key):
            raise DatabaseRefused(
                f"{variable} names no {meaning}. Write it as postgresql://user:password@host:5432/database."
            )
    return parts


def _refuse_shared_users(urls: DatabaseUrls) -> None:
    by_user: dict[str, list[str]] = {}
    for role, variable in VARIABLES.items():
        by_user.setdefault(urls.user(role), []).append(variable)
    for user, variables in by_user.items():
        if len(variables) > 1:
            raise DatabaseRefused(
                f"{' and '.join(variables)} name the same user {user!r}: each role needs a user of its own. "
                f"{HOW_TO_MAKE_ROLES}"
            )


def _refuse_different_databases(urls: DatabaseUrls) -> None:
    places = {
        VARIABLES[role]: tuple(connection_parts(urls.of(role), VARIABLES[role]).get(key) for key in PLACE)
        for role in VARIABLES
    }
    if len(set(places.values())) > 1:
        described = "; ".join(
            f"{name}: {place[2]} at {place[0] or 'localhost'}" for name, place in places.items()
        )
        raise DatabaseRefused(
            f"The three database URLs name different databases ({described}). Point all at one database."
        )


PLACE = ("host", "port", "dbname")


def _is_or_are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
