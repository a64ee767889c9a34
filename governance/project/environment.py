"""What a process is told from outside, read once when settings load.

The environment comes first. Where it names no database, the note that a running ``manage.py up`` leaves in
``var/run.json`` fills the gap, so that commands typed beside it find the embedded servers.
"""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.core.exceptions import ImproperlyConfigured

from governance.checks.database_urls import (
    VARIABLES,
    DatabaseRefused,
    DatabaseUrls,
    Role,
    connection_parts,
    read_database_urls,
)

ROLE_VARIABLE = "COUNTERSIGN_DATABASE_ROLE"
NO_DATABASE = "governance.project.no_database"
CACHE_DATABASE = 2
PREPARED_AFTER = 5
"""How often a connection is asked the same before it prepares the statement; see governance/prepared.py."""


@dataclass(frozen=True)
class Environment:
    """The outside facts; ``urls`` is None and ``redis_url`` empty where nothing runs."""

    role: Role
    urls: DatabaseUrls | None
    redis_url: str
    secret_key: str
    demo: bool


def read_environment(var: Path, environ: Mapping[str, str] = os.environ) -> Environment:
    """The environment of this process, completed by the note of a running ``manage.py up`` under ``var``."""
    note = {} if _names_a_database(environ) else read_run_note(var)
    merged = {**note, **{name: value for name, value in environ.items() if value}}
    try:
        urls = read_database_urls(merged)
    except DatabaseRefused as error:
        raise ImproperlyConfigured(str(error)) from error
    if urls is not None and not merged.get("REDIS_URL"):
        raise ImproperlyConfigured("REDIS_URL is not set. Set it to e.g. redis://localhost:6379/0.")
    return Environment(
        role=_role(merged),
        urls=urls,
        redis_url=merged.get("REDIS_URL", ""),
        secret_key=_secret_key(merged, needed=urls is not None),
        demo=merged.get("COUNTERSIGN_DEMO") == "1",
    )


def read_run_note(var: Path) -> dict[str, str]:
    """The variables of the ``manage.py up`` that runs on ``var``; empty when none runs."""
    try:
        note: dict[str, Any] = json.loads((var / "run.json").read_text())
        os.kill(note["pid"], 0)
    except (FileNotFoundError, ProcessLookupError):
        return {}
    except PermissionError:
        raise ImproperlyConfigured(
            "`make up` runs as another user: use that user, or set DATABASE_URL and its two companions."
        ) from None
    return {str(key): str(value) for key, value in note["environment"].items()}


def django_database(environment: Environment) -> dict[str, Any]:
    """The entry of DATABASES for this process's role; without URLs, an engine that explains itself on use."""
    if environment.urls is None:
        return {"ENGINE": NO_DATABASE}
    parts = connection_parts(environment.urls.of(environment.role), VARIABLES[environment.role])
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user"),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            "application_name": f"countersign-{environment.role}",
            "prepare_threshold": PREPARED_AFTER,
            **parts,
        },
    }


def broker_url(redis_url: str) -> str:
    """``redis_url`` as Celery spells it (a unix socket is ``redis+socket://`` there)."""
    parts = urlsplit(redis_url)
    if parts.scheme == "unix":
        return f"redis+socket://{parts.path}?{parts.query or 'virtual_host=0'}"
    return redis_url


def cache_url(redis_url: str) -> str:
    """``redis_url`` with the cache's own logical database, so that flushing the cache keeps the queues."""
    parts = urlsplit(redis_url)
    if parts.scheme == "unix":
        return f"unix://{parts.path}?db={CACHE_DATABASE}"
    return urlunsplit(parts._replace(path=f"/{CACHE_DATABASE}"))


def _names_a_database(environ: Mapping[str, str]) -> bool:
    return any(environ.get(name) for name in VARIABLES.values())


def _role(merged: Mapping[str, str]) -> Role:
    asked = merged.get(ROLE_VARIABLE, "app")
    for role in VARIABLES:
        if role == asked:
            return role
    raise ImproperlyConfigured(f"{ROLE_VARIABLE}: found {asked!r}; use app, owner or integrator.")


def _secret_key(merged: Mapping[str, str], *, needed: bool) -> str:
    key = merged.get("COUNTERSIGN_SECRET_KEY", "")
    if needed and not key:
        raise ImproperlyConfigured(
            "COUNTERSIGN_SECRET_KEY is not set. Set it to 50 or more random characters and keep it: "
            "sessions end when it changes."
        )
    # Without a database nothing is signed that outlives this process (makemigrations, type checks).
    return key or secrets.token_urlsafe(50)


def read_flag(variable: str) -> bool:
    """Whether ``variable`` is 1; anything else but 0 or nothing is refused."""
    found = os.environ.get(variable, "")
    if found not in ("", "0", "1"):
        raise ImproperlyConfigured(f"{variable}: found {found!r}; use 1 or 0.")
    return found == "1"


def read_list(variable: str) -> list[str]:
    """The comma-separated parts of ``variable``."""
    return [part.strip() for part in os.environ.get(variable, "").split(",") if part.strip()]


def read_days(variable: str, default: int, least: int) -> dict[str, int]:
    """Numbers of days: ``400`` for every system, and ``slug=180`` for one; at least ``least``.

    The number for every system stands under the empty name.
    """
    days = {"": default}
    for part in read_list(variable):
        slug, _, number = part.rpartition("=")
        if not number.strip().isdecimal() or int(number) < least:
            raise ImproperlyConfigured(
                f"{variable} holds {part!r}; wanted: days, at least {least}, such as 400, onboarding=180."
            )
        days[slug.strip()] = int(number)
    return days


def read_path(variable: str, default: Path) -> Path:
    """The directory named by ``variable``, or the default."""
    return Path(os.environ[variable]).resolve() if os.environ.get(variable) else default


def read_optional_path(variable: str) -> Path | None:
    """The file named by ``variable``; None if it is not set."""
    return Path(os.environ[variable]).resolve() if os.environ.get(variable) else None
