"""The embedded servers' own promises: who they run as, what they keep, what they refuse."""

import os
import pwd
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from governance.project.embedded import postgres
from governance.project.embedded.directories import (
    LONGEST_SOCKET_PATH,
    Refused,
    lock,
    private_directory,
    socket_directory,
)
from governance.project.embedded.postgres import Confinement, Postgres
from governance.project.embedded.processes import Child, ChildFailed, Program, StopRequested, wait_until
from governance.project.embedded.valkey import Valkey
from tests.installation import ROOT, running

STARTS_AND_SLEEPS = """
import sys, threading, time
from pathlib import Path
from governance.project.embedded.processes import Child, Program
child = Child(Program("sleeper", ["/bin/sleep", "60"], before=sys.argv[1:]), print)
while Path(f"/proc/{child.pid}/comm").read_text() != "sleep\\n":
    time.sleep(0.01)  # before that it would notice by itself that the parent is gone
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def said() -> list[str]:
    """What children printed."""
    return []


@pytest.fixture
def server(tmp_path: Path, said: list[str]) -> Iterator[Postgres]:
    """A PostgreSQL of this test's own, not started."""
    server = Postgres(
        tmp_path / "pgdata-18", tmp_path / "run", said.append, threading.Event(), options=("fsync=off",)
    )
    yield server
    server.end()


def test_committed_rows_survive_kill_9_of_postgresql(server: Postgres) -> None:
    server.start()
    server.ensure_roles()
    assert server.ensure_database()
    with psycopg.connect(server.url("countersign_owner")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert server.child is not None
    os.kill(server.child.pid, signal.SIGKILL)
    server.child.end()

    server.start()

    assert server.ask("SELECT answer FROM kept", database="countersign") == [(42,)]
    assert not server.ensure_database()


def test_postgresql_listens_on_no_network_address(server: Postgres) -> None:
    server.start()

    assert server.ask("SHOW listen_addresses") == [("",)]


def open_to_all(*directories: Path) -> None:
    """Let any user pass through the directories."""
    for directory in directories:
        directory.chmod(0o755)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_postgresql_starts_as_nobody_where_namespaces_are_off(server: Postgres, tmp_path: Path) -> None:
    open_to_all(tmp_path, *tmp_path.parents[:3])
    nobody = pwd.getpwnam("nobody")
    server.confined = Confinement(user_and_group=(nobody.pw_uid, nobody.pw_gid))

    server.start()

    assert server.child is not None
    assert Path(f"/proc/{server.child.pid}").stat().st_uid == nobody.pw_uid


def test_the_data_of_another_major_version_is_refused(server: Postgres) -> None:
    server.data.mkdir(mode=0o700)
    (server.data / "PG_VERSION").write_text("17\n")

    with pytest.raises(Refused, match="made by PostgreSQL 17; this is 18"):
        server.start()


def test_an_initdb_that_was_interrupted_is_done_again(server: Postgres) -> None:
    draft = server.data.with_name("pgdata-18.new")
    draft.mkdir()
    (draft / "half").write_text("written")

    server.start()

    assert server.ask("SELECT 1") == [(1,)]


def test_queued_values_survive_kill_9_of_valkey(tmp_path: Path, said: list[str]) -> None:
    server = Valkey(tmp_path / "valkey", private_directory(tmp_path / "run"), said.append, threading.Event())
    server.start()
    with redis.Redis.from_url(server.url) as client:
        client.rpush("queue", "work")
        client.config_set("appendfsync", "always")
        client.rpush("queue", "more work")
    assert server.child is not None
    os.kill(server.child.pid, signal.SIGKILL)
    server.child.end()

    server.start()

    with redis.Redis.from_url(server.url) as client:
        kept = client.lrange("queue", 0, -1)
        policy = client.config_get("maxmemory-policy")
    server.end()
    assert kept == [b"work", b"more work"]
    assert policy == {"maxmemory-policy": "noeviction"}


@pytest.mark.parametrize(
    "before", [[], [*postgres.confinement().before]], ids=["plain", "as PostgreSQL is run"]
)
def test_a_child_dies_with_its_parent(before: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_AND_SLEEPS, *before], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()

    pids = wait_for_death(child)

    assert child not in pids


def wait_for_death(pid: int) -> set[int]:
    """The pids that run once ``pid`` does not, or after three seconds."""
    deadline = threading.Event()
    for _ in range(30):
        pids = {process.pid for process in running()}
        if pid not in pids:
            break
        deadline.wait(0.1)
    return pids


def test_a_child_that_ends_while_it_is_waited_for_is_reported_by_name(said: list[str]) -> None:
    child = Child(Program("short", ["/bin/sh", "-c", "echo why; exit 3"]), said.append)

    with pytest.raises(ChildFailed, match="short ended with status 3 before serving"):
        wait_until(lambda: False, child, threading.Event(), seconds=5, what="serving")

    child.end()
    assert said == ["short      | why"]


def test_a_stop_that_is_asked_for_ends_the_waiting(said: list[str]) -> None:
    stop = threading.Event()
    stop.set()
    child = Child(Program("sleeper", ["/bin/sleep", "60"]), said.append)

    with pytest.raises(StopRequested):
        child.wait(stop)

    child.end()
    assert child.status == -signal.SIGTERM


def test_a_child_that_ignores_the_signal_is_killed_after_its_grace(said: list[str]) -> None:
    stubborn = Program(
        "deaf", ["/bin/sh", "-c", "trap '' TERM; echo up; sleep 60 & wait; wait"], grace_seconds=0.3
    )
    child = Child(stubborn, said.append)
    wait_until(lambda: "deaf       | up" in said, child, threading.Event(), seconds=5, what="up")

    child.end()

    assert child.status == -signal.SIGKILL
    assert "deaf did not stop in 0 s; killed" in said


def test_sockets_move_to_a_short_place_when_the_path_is_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)

    directory = socket_directory(tmp_path / ("v" * 80))

    mode = directory.stat().st_mode & 0o777
    directory.rmdir()
    assert directory.parent == Path("/tmp")
    assert mode == 0o700
    assert len(str(directory / "postgres" / ".s.PGSQL.5432.lock")) < LONGEST_SOCKET_PATH


def test_a_socket_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(Refused, match="is not a directory of this user"):
        private_directory(tmp_path / "run")


def test_the_lock_of_a_directory_is_free_again_after_its_holder(tmp_path: Path) -> None:
    held = lock(tmp_path)
    with pytest.raises(Refused, match=f"already runs on {tmp_path} \\(process {os.getpid()}\\)"):
        lock(tmp_path)
    held.close()

    again = lock(tmp_path)

    again.close()
