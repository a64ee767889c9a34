"""The one command, run for real: it starts from nothing, is reused, ends cleanly, leaves no process behind.

A start takes seconds, so the module makes three: from nothing, ended by SIGTERM; on the same data, ended by
kill -9; and once more, ended by the death of a child. The tests look at what was seen then.
"""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from governance.ledger.signing import PURPOSES, read_key_file
from governance.project.embedded.supervisor import FAILED, REFUSED, STOPPED
from tests.installation import Installation, Process


@dataclass(frozen=True)
class Seen:
    """What one run showed."""

    installation: Installation
    ready: tuple[int, Any]
    output: str
    status: int
    left: set[Process]
    note_exists: bool
    beside: subprocess.CompletedProcess[str] | None = None
    second: subprocess.CompletedProcess[str] | None = None
    table: list[tuple[Any, ...]] | None = None


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The one installation of this module; whatever a failure leaves running is killed."""
    installation = Installation(tmp_path_factory.mktemp("up") / "var")
    yield installation
    installation.kill()


@pytest.fixture(scope="module")
def first_run(installation: Installation) -> Seen:
    """From nothing until everything is ready, then SIGTERM."""
    installation.start(until="/readyz")
    ready = installation.get("/readyz")
    beside = installation.manage("showmigrations", "governance")
    second = installation.manage("serve")
    ask(installation, "CREATE TABLE kept AS SELECT 42 AS answer")
    status = installation.stop(signal.SIGTERM)
    left = installation.left_running(seconds=1)
    note_exists = (installation.var / "run.json").exists()
    return Seen(installation, ready, installation.output, status, left, note_exists, beside, second)


@pytest.fixture(scope="module")
def second_run(first_run: Seen) -> Seen:
    """On the same data, then kill -9 of the supervisor."""
    installation = first_run.installation
    installation.start(until="/readyz")
    table = ask(installation, "SELECT answer FROM kept")
    output = installation.output
    installation.kill()
    left = installation.left_running(seconds=15)
    return Seen(installation, (200, None), output, -signal.SIGKILL, left, note_exists=True, table=table)


@pytest.fixture(scope="module")
def third_run(second_run: Seen) -> Seen:
    """On the same data right after the kill, then kill -9 of the web server's master."""
    installation = second_run.installation
    installation.start(until="/healthz")
    installation.wait_for_output("starting worker")
    ready = installation.get("/healthz")
    masters = [
        process.pid
        for process in installation.remember_family()
        if process.parent == installation.pid and "gunicorn" in process.command
    ]
    os.kill(masters[0], signal.SIGKILL)
    status = installation.wait()
    left = installation.left_running(seconds=1)
    return Seen(installation, ready, installation.output, status, left, note_exists=False)


def ask(installation: Installation, statement: str) -> list[tuple[Any, ...]]:
    """Run one statement as the owner of the embedded database."""
    note = json.loads((installation.var / "run.json").read_text())
    with psycopg.connect(note["environment"]["DATABASE_OWNER_URL"]) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_a_start_from_nothing_becomes_ready_in_every_part(first_run: Seen) -> None:
    status, body = first_run.ready

    assert status == 200
    assert {name: part["ok"] for name, part in body["parts"].items()} == {
        "database": True,
        "broker": True,
        "worker": True,
        "watcher": True,
        "evaluator": True,
        "seal": True,
        "record": True,
        "witnesses": True,
        "watching": True,
        "counting": True,
    }
    assert body["demo"] is False


def test_a_start_says_what_it_does_and_where_to_look(first_run: Seen) -> None:
    said = [line.partition("| ")[2] for line in first_run.output.splitlines() if line.startswith("up ")]

    assert said[:4] == [
        "creating the database cluster",
        "starting Valkey",
        "migrating",
        "starting the web server",
    ]
    assert said[4].startswith(f"http://127.0.0.1:{first_run.installation.port}/")
    assert said[-2:] == ["stopping", "stopped; the data is kept"]


def test_a_command_typed_beside_it_finds_the_embedded_database(first_run: Seen) -> None:
    assert first_run.beside is not None
    assert first_run.beside.returncode == 0, first_run.beside.stderr
    assert "[X] 0001_foundation" in first_run.beside.stdout


def test_a_second_supervisor_on_the_same_data_is_refused(first_run: Seen) -> None:
    assert first_run.second is not None
    assert first_run.second.returncode == REFUSED
    assert "already runs on" in first_run.second.stderr


def test_sigterm_ends_everything_and_counts_as_success(first_run: Seen) -> None:
    assert first_run.status == STOPPED
    assert first_run.left == set()
    assert not first_run.note_exists


@pytest.mark.slow
def test_a_second_start_reuses_the_data(second_run: Seen) -> None:
    assert "starting PostgreSQL on the data of last time" in second_run.output
    assert second_run.table == [(42,)]


@pytest.mark.slow
def test_kill_of_the_supervisor_leaves_no_process(second_run: Seen) -> None:
    assert second_run.left == set()


@pytest.mark.slow
def test_a_start_right_after_a_kill_works(third_run: Seen) -> None:
    assert third_run.ready == (200, {"status": "ok"})


@pytest.mark.slow
def test_the_death_of_one_child_ends_the_rest_and_counts_as_failure(third_run: Seen) -> None:
    assert third_run.status == FAILED
    assert third_run.left == set()
    assert "web ended with status -9; ending the rest." in third_run.output


def test_secrets_and_sockets_are_for_this_user_only(first_run: Seen) -> None:
    var = first_run.installation.var

    names = ("secret-key", "signing-keys", "pgdata-18", "valkey")
    modes = {name: (var / name).stat().st_mode & 0o777 for name in names}

    assert modes == {"secret-key": 0o600, "signing-keys": 0o600, "pgdata-18": 0o700, "valkey": 0o700}
    assert [key.purpose for key in read_key_file(var / "signing-keys")] == list(PURPOSES)
