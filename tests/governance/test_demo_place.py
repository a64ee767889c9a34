"""Where demo data may go: into an empty database that is ours or was offered, and back into its own."""

from pathlib import Path

import pytest

from governance.access.services import create_first_administrator
from governance.actors import command_actor
from governance.project.embedded import programs
from governance.project.embedded.demo import DemoVerdict, KnownDatabases, describe_accounts, judge_demo
from tests.database import servers


@pytest.fixture
def known(tmp_path: Path) -> KnownDatabases:
    """What a supervisor knows that has created nothing yet."""
    return KnownDatabases(tmp_path / "databases.json")


@pytest.fixture
def url(committed_db: str) -> str:
    """The application's URL of an empty, migrated database."""
    return servers().postgres.url("countersign_app", committed_db)


def write_an_entry() -> None:
    """Something real has happened: the first administrator was created."""
    create_first_administrator(command_actor("create_admin"), username="ada", password="a-long-passphrase")


def test_an_empty_database_that_this_command_created_takes_the_demo(known: KnownDatabases, url: str) -> None:
    known.note("created", url)

    assert judge_demo(url, known, asked_for=False) == DemoVerdict(allowed=True)


def test_a_database_of_somebody_else_takes_no_demo(known: KnownDatabases, url: str) -> None:
    verdict = judge_demo(url, known, asked_for=False)

    assert not verdict.allowed
    assert "COUNTERSIGN_DEMO=1" in verdict.reason


def test_an_empty_database_of_somebody_else_takes_the_demo_when_offered(
    known: KnownDatabases, url: str
) -> None:
    assert judge_demo(url, known, asked_for=True) == DemoVerdict(allowed=True)


@pytest.mark.parametrize("asked_for", [True, False])
def test_a_database_with_real_entries_takes_no_demo(known: KnownDatabases, url: str, asked_for: bool) -> None:
    known.note("created", url)
    write_an_entry()

    verdict = judge_demo(url, known, asked_for=asked_for)

    assert not verdict.allowed
    assert "holds entries that are not the demo's" in verdict.reason


def test_a_database_that_holds_the_demo_is_known_again(known: KnownDatabases, url: str) -> None:
    known.note("demo", url)
    write_an_entry()

    assert judge_demo(url, KnownDatabases(known.path), asked_for=False) == DemoVerdict(allowed=True)


def test_another_database_of_the_same_name_is_another_one(
    known: KnownDatabases, url: str, committed_db: str
) -> None:
    known.note("demo", url)
    servers().drop(committed_db)
    servers().clone(committed_db)

    assert not judge_demo(url, known, asked_for=False).allowed


def test_the_accounts_are_told_with_their_tokens(tmp_path: Path) -> None:
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local/demo-tokens.json").write_text('{"author": "cs_abc"}')

    lines = describe_accounts(tmp_path)

    assert lines[0] == "Demo accounts (password countersign-demo):"
    assert "    author           cs_abc" in lines


def test_demo_traffic_belongs_to_the_demo_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = tmp_path / "tokens.json"
    tokens.write_text("{}")
    monkeypatch.setattr(programs, "TOKENS", tokens)

    (traffic,) = programs.demo_traffic(8123, {"COUNTERSIGN_DEMO": "1"})

    assert traffic.command[-2:] == ["demo_traffic", "http://127.0.0.1:8123"]
    assert programs.demo_traffic(8123, {"COUNTERSIGN_DEMO": "0"}) == []
