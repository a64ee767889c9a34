"""What a process takes from outside: URLs, the note of a running ``up``, the secret, the role."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

from governance.project.environment import (
    broker_url,
    cache_url,
    django_database,
    read_environment,
)
from governance.project.no_database.base import DatabaseWrapper
from manage import ROLE_OF_COMMAND

GIVEN = {
    "DATABASE_URL": "postgresql://a:p%40ss@/countersign?host=/run/pg&sslmode=disable",
    "DATABASE_OWNER_URL": "postgresql://o@/countersign?host=/run/pg",
    "DATABASE_INTEGRATOR_URL": "postgresql://i@/countersign?host=/run/pg",
    "REDIS_URL": "redis://localhost:6379/0",
    "COUNTERSIGN_SECRET_KEY": "k" * 50,
}


def leave_note(var: Path, *, pid: int, **changes: str) -> None:
    """Write the note that a supervisor with this pid would leave."""
    (var / "run.json").write_text(json.dumps({"pid": pid, "environment": {**GIVEN, **changes}}))


@pytest.mark.parametrize(("role", "user"), [("app", "a"), ("owner", "o"), ("integrator", "i")])
def test_the_role_of_the_process_picks_the_url(tmp_path: Path, role: str, user: str) -> None:
    environment = read_environment(tmp_path, {**GIVEN, "COUNTERSIGN_DATABASE_ROLE": role})

    database = django_database(environment)

    assert database["USER"] == user
    assert database["HOST"] == "/run/pg"
    assert database["NAME"] == "countersign"


def test_password_and_options_of_a_url_reach_the_driver(tmp_path: Path) -> None:
    database = django_database(read_environment(tmp_path, GIVEN))

    assert database["PASSWORD"] == "p@ss"
    assert database["OPTIONS"]["sslmode"] == "disable"
    assert database["OPTIONS"]["application_name"] == "countersign-app"


def test_the_note_of_a_running_supervisor_is_used(tmp_path: Path) -> None:
    leave_note(tmp_path, pid=os.getpid(), COUNTERSIGN_DEMO="1")

    environment = read_environment(tmp_path, {})

    assert environment.demo
    assert environment.urls is not None
    assert environment.secret_key == "k" * 50


def test_the_note_of_an_ended_supervisor_is_not_used(tmp_path: Path) -> None:
    leave_note(tmp_path, pid=2**22 + 1)

    environment = read_environment(tmp_path, {})

    assert environment.urls is None


def test_a_given_database_takes_nothing_from_the_note(tmp_path: Path) -> None:
    leave_note(tmp_path, pid=os.getpid(), COUNTERSIGN_DEMO="1")

    environment = read_environment(tmp_path, GIVEN)

    assert not environment.demo


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"DATABASE_OWNER_URL": ""}, "DATABASE_OWNER_URL not set"),
        ({"REDIS_URL": ""}, "REDIS_URL is not set"),
        ({"COUNTERSIGN_SECRET_KEY": ""}, "COUNTERSIGN_SECRET_KEY is not set"),
        ({"COUNTERSIGN_DATABASE_ROLE": "root"}, "COUNTERSIGN_DATABASE_ROLE: found 'root'"),
    ],
)
def test_what_is_missing_or_wrong_is_named(tmp_path: Path, change: dict[str, str], message: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=message):
        read_environment(tmp_path, {**GIVEN, **change})


def test_without_a_database_the_first_query_says_what_to_do(tmp_path: Path) -> None:
    configuration: dict[str, Any] = {**django_database(read_environment(tmp_path, {})), "CONN_MAX_AGE": 0}
    connection = DatabaseWrapper(configuration)

    with pytest.raises(OperationalError, match="Run `make up` first, or set DATABASE_URL"):
        connection.ensure_connection()


@pytest.mark.parametrize(
    ("given", "broker", "cache"),
    [
        ("unix:///run/v.sock", "redis+socket:///run/v.sock?virtual_host=0", "unix:///run/v.sock?db=2"),
        ("redis://:s@h:6379/0", "redis://:s@h:6379/0", "redis://:s@h:6379/2"),
        ("rediss://h:6380", "rediss://h:6380", "rediss://h:6380/2"),
    ],
)
def test_broker_and_cache_share_a_server_and_no_database(given: str, broker: str, cache: str) -> None:
    assert broker_url(given) == broker
    assert cache_url(given) == cache


def test_only_commands_that_change_the_schema_run_as_the_owner() -> None:
    owners = {name for name, role in ROLE_OF_COMMAND.items() if role == "owner"}

    assert owners == {"migrate", "makemigrations", "sqlmigrate", "database_roles"}
    assert {name for name, role in ROLE_OF_COMMAND.items() if role == "integrator"} == {"run_integrator"}
