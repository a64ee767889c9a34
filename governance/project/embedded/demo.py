"""Where demo data may go, and what the reader is told about the demo accounts."""

import json
from dataclasses import dataclass
from pathlib import Path

import psycopg

from governance.project.embedded.directories import write_private

ACCOUNTS = (
    ("author", "drafts and freezes releases"),
    ("qa_lead", "policies and evaluations"),
    ("security_web", "security review, web channels only"),
    ("security_all", "security review, all channels"),
    ("manager", "approves"),
    ("release_manager", "puts live and rolls back"),
    ("auditor", "reads and verifies"),
    ("admin", "accounts, grants, rules"),
)
PASSWORD = "countersign-demo"
TOKENS = Path(".local/demo-tokens.json")

_IDENTITY = """
    SELECT system_identifier::text || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())
    FROM pg_control_system()
"""


@dataclass(frozen=True)
class DemoVerdict:
    """Whether demo data may be written, and if not, why."""

    allowed: bool
    reason: str = ""


@dataclass(frozen=True)
class KnownDatabases:
    """The databases this command created, and those it has put demo data in; kept in ``var``."""

    path: Path

    def knows(self, kind: str, url: str) -> bool:
        """Whether the database behind ``url`` is noted under ``kind`` (created or demo)."""
        return identity(url) in self._read().get(kind, [])

    def note(self, kind: str, url: str) -> None:
        """Note the database behind ``url`` under ``kind``."""
        known = self._read()
        known[kind] = sorted({*known.get(kind, []), identity(url)})
        write_private(self.path, json.dumps(known, indent=2))

    def _read(self) -> dict[str, list[str]]:
        try:
            known: dict[str, list[str]] = json.loads(self.path.read_text())
        except FileNotFoundError:
            return {}
        return known


def judge_demo(url: str, known: KnownDatabases, *, asked_for: bool) -> DemoVerdict:
    """Demo data goes into a database that has some already, or into an empty one that is ours or was offered.

    ``asked_for`` is COUNTERSIGN_DEMO=1: somebody offers a database that this command did not create.
    """
    if known.knows("demo", url):
        return DemoVerdict(allowed=True)
    if not asked_for and not known.knows("created", url):
        return DemoVerdict(
            allowed=False,
            reason="this command did not create the database. If it is empty, COUNTERSIGN_DEMO=1 fills it.",
        )
    if _has_entries(url):
        return DemoVerdict(
            allowed=False,
            reason="the database holds entries that are not the demo's. Use an empty one for the demo.",
        )
    return DemoVerdict(allowed=True)


def identity(url: str) -> str:
    """The cluster and the database behind a URL: another directory or a restored copy is another database."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(_IDENTITY).fetchone()
    assert row is not None
    return str(row[0])


def describe_accounts(root: Path) -> list[str]:
    """The lines that tell a reader how to sign in."""
    width = max(len(name) for name, _ in ACCOUNTS)
    lines = [f"Demo accounts (password {PASSWORD}):"]
    lines += [f"  {name:<{width}}  {purpose}" for name, purpose in ACCOUNTS]
    lines.append(f"  API tokens, also of the service 'integration': {TOKENS}")
    lines += [f"    {name:<{width}}  {token}" for name, token in _tokens(root)]
    return lines


def _tokens(root: Path) -> list[tuple[str, str]]:
    """Name and token of each demo account, as ``seed_demo`` left them."""
    try:
        tokens = json.loads((root / TOKENS).read_text())
    except FileNotFoundError:
        return []
    return [(name, token) for name, token in sorted(tokens.items()) if isinstance(token, str)]


def _has_entries(url: str) -> bool:
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute("SELECT EXISTS (SELECT 1 FROM entry)").fetchone()
    assert row is not None
    return bool(row[0])
