"""What the pass over the streams finds in entries that the walk over the leaves does not look at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from governance.ledger.fsck.findings import Finding
from governance.ledger.reconciling.checking import reconcile
from governance.ledger.reconciling.declared import Heard, Reconciled, Told
from governance.ledger.verifying import verify_record
from governance.registry.models import System
from tests.governance.ledger.reading import tamper

FREE = "ALTER TABLE entry ALTER COLUMN document DROP EXPRESSION"
NO_JSON = FREE + "; UPDATE entry SET body = {body}"
EARLIER = """
INSERT INTO entry (id, stream, stream_seq, at, body)
SELECT other.id, entry.stream, {seq}, '2001-01-01T00:00:00Z', convert_to(json_build_object(
    'id', other.id, 'type', 'test.written', 'at', '2001-01-01T00:00:00.000000Z')::text, 'UTF8')
FROM entry, (SELECT gen_random_uuid() AS id) AS other
"""


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        pytest.param("SELECT 1", set(), id="nothing"),
        pytest.param("UPDATE entry SET at = at - interval '1 day'", {"shown"}, id="the time of a list"),
        pytest.param(EARLIER.format(seq=2), {"time"}, id="an entry of earlier than the one before"),
        pytest.param(EARLIER.format(seq=3), {"time", "stream"}, id="a number that is missing"),
        pytest.param("UPDATE entry SET body = '{\"seq\": 1}'", {"body"}, id="a body of no entry"),
        pytest.param(NO_JSON.format(body="'{'"), {"body"}, id="a body that is no JSON"),
        pytest.param(NO_JSON.format(body="'\\xff'"), {"body"}, id="a body that is no text"),
        pytest.param(
            NO_JSON.format(body="convert_to(repeat('[', 100000), 'UTF8')"), {"body"}, id="a deep one"
        ),
        pytest.param(f"{FREE}; UPDATE entry SET document = '{{}}'", {"shown"}, id="what pages read"),
        pytest.param(
            "INSERT INTO blob (digest, bytes, stored_at) VALUES ('sha256:' || repeat('0', 64), 'x', now())",
            {"blob"},
            id="bytes under another digest",
        ),
    ],
)
def test_each_is_named_once(system: System, damage: str, found: set[str]) -> None:
    tamper(damage)

    assert {one.kind for one in reconcile(()).findings} == found


def failing(_heard: Heard) -> str:
    """A word that a body with another letter in a key does not have."""
    raise KeyError("request_state")


def test_an_entry_that_does_not_say_what_its_event_says_is_named_and_stops_nothing(system: System) -> None:
    told = Told(("system.registered",), {"name": failing}, is_first=True)

    found = reconcile((Reconciled(System, told=(told,)),))

    assert [str(one) for one in found.findings if one.kind == "unreadable"] == [
        f"Entry 1 of {system.stream()} does not say what a system.registered says."
    ]
    assert found.entries == 1


def broken_check() -> Iterator[Finding]:
    """A comparison that meets what nobody has thought of."""
    raise ZeroDivisionError


def test_what_stops_the_comparison_is_a_finding_beside_those_of_the_tree(
    system: System, settings: Settings, tmp_path: Path
) -> None:
    settings.RECORD_CHECKS = (f"{__name__}.broken_check",)
    tamper("INSERT INTO leaf (index, entry_id, hash, sealed_at) SELECT 9, id, '', now() FROM entry")

    found = verify_record([], tmp_path / "head").findings

    assert [one.kind for one in found] == ["beyond", "unreadable"]
    assert str(found[1]) == "The check came no further: ZeroDivisionError; the log says where."
