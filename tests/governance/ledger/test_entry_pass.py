"""What the pass over the streams finds in entries that the walk over the leaves does not look at."""

import pytest

from governance.ledger.reconciling.checking import reconcile
from governance.registry.models import System
from tests.governance.ledger.reading import tamper

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
