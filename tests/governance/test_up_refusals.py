"""What ``up`` and ``migrate`` refuse before they touch anything: databases that cannot hold the ledger."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql

from governance.project.embedded.supervisor import REFUSED
from tests.database import servers
from tests.installation import ROOT, environment_without_servers

DATABASE = "refusals"


@pytest.fixture(scope="module", autouse=True)
def database_of_somebody_else() -> Iterator[None]:
    """A database of the run's server, owned by the owner's role, as an administrator would make it."""
    servers().postgres.ensure_database(DATABASE)
    yield
    servers().drop(DATABASE)


def url(user: str) -> str:
    """The URL of one user of that database."""
    return servers().postgres.url(user, DATABASE)


def run(tmp_path: Path, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """One command with these variables and no other database."""
    environment = {
        **environment_without_servers(tmp_path / "var"),
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "COUNTERSIGN_SECRET_KEY": "x" * 50,
        **variables,
    }
    return subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("command", ["up", "migrate"])
def test_one_url_without_the_others_is_refused_by_name(tmp_path: Path, command: str) -> None:
    result = run(tmp_path, command, DATABASE_URL=url("countersign_app"))

    assert result.returncode != 0
    assert "DATABASE_OWNER_URL and DATABASE_INTEGRATOR_URL not set" in result.stderr
    assert "manage.py database_roles" in result.stderr
    assert not (tmp_path / "var" / "pgdata-18").exists()


def test_two_roles_with_one_user_are_refused(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        "serve",
        DATABASE_URL=url("countersign_app"),
        DATABASE_OWNER_URL=url("countersign_owner"),
        DATABASE_INTEGRATOR_URL=url("countersign_app"),
    )

    assert result.returncode != 0
    assert "DATABASE_URL and DATABASE_INTEGRATOR_URL name the same user 'countersign_app'" in result.stderr


@pytest.mark.parametrize(
    ("command", "variable"),
    [
        ("serve", "DATABASE_URL"),
        ("serve", "DATABASE_OWNER_URL"),
        ("serve", "DATABASE_INTEGRATOR_URL"),
        ("migrate", "DATABASE_URL"),
    ],
)
def test_a_superuser_among_them_is_refused(tmp_path: Path, command: str, variable: str) -> None:
    urls = {
        "DATABASE_URL": url("countersign_app"),
        "DATABASE_OWNER_URL": url("countersign_owner"),
        "DATABASE_INTEGRATOR_URL": url("countersign_integrator"),
        variable: url("postgres"),
    }

    result = run(tmp_path, command, **urls)

    assert result.returncode != 0
    assert f"{variable}: user 'postgres' is a superuser" in result.stderr


def test_an_application_role_that_may_become_the_owner_is_refused(tmp_path: Path) -> None:
    servers().postgres.administer(
        sql.SQL("CREATE ROLE climber LOGIN IN ROLE {}").format(sql.Identifier("countersign_owner"))
    )

    result = run(
        tmp_path,
        "serve",
        DATABASE_URL=url("climber"),
        DATABASE_OWNER_URL=url("countersign_owner"),
        DATABASE_INTEGRATOR_URL=url("countersign_integrator"),
    )

    servers().postgres.administer(sql.SQL("DROP ROLE climber"))
    assert result.returncode != 0
    assert "DATABASE_URL: user 'climber' owns the database (or is a member of its owner)" in result.stderr


def test_a_port_in_use_is_refused_before_anything_starts(tmp_path: Path) -> None:
    environment = environment_without_servers(tmp_path / "var")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        result = subprocess.run(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env={**environment, "PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert result.returncode == REFUSED
    assert f"127.0.0.1:{port} cannot be used" in result.stderr
    assert not (tmp_path / "var" / "pgdata-18").exists()
