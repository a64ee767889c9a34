"""What answers at a moment, asked of the database, and what served from when to when, are of one history.

The rows are written as the owner of the database may, in a transaction that is rolled back: histories that
take the verbs hours, such as two changes that wait at once, or a checkpoint of before the change.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from governance.identifiers import new_id
from governance.ledger.canonical import canonical_bytes
from governance.ledger.models import Checkpoint, Entry, Leaf, SignedCheckpoint
from governance.registry.models import Channel
from governance.registry.services import register_channel
from releases.bundles.models import Assignment, Revision
from releases.bundles.sealed import in_effect, spans, with_serves
from tests.examples import EXAMPLES
from tests.factories.bundles import Parts, draft
from tests.factories.cast import actor
from tests.governance.ledger.reading import OWNER

ZERO = datetime(2026, 3, 1, tzinfo=UTC)
LAST = 7
HALF_MINUTES = range(-1, 2 * LAST + 3)
HASH = bytes(32)


@dataclass(frozen=True)
class History:
    """Assignments of a channel, each with the minute in which it was ``made`` and whether it waits; how many
    of their entries have a leaf; and signed checkpoints, by how many of these leaves they cover and when."""

    made: list[int]
    waits: list[bool]
    numbered: int
    signed: list[tuple[int, int]]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """One of up to five assignments; larger checkpoints are signed later, or in the same minute."""
    made = sorted(draw(st.sets(st.integers(0, LAST), min_size=1, max_size=5)))
    waits = draw(st.lists(st.booleans(), min_size=len(made), max_size=len(made)))
    numbered = draw(st.integers(0, len(made)))
    sizes = sorted(draw(st.sets(st.integers(0, numbered))) - {0})
    minutes = sorted(draw(st.lists(st.integers(0, LAST), min_size=len(sizes), max_size=len(sizes))))
    return History(made, waits, numbered, list(zip(sizes, minutes, strict=True)))


def at(minutes: float) -> datetime:
    return ZERO + timedelta(minutes=minutes)


@contextmanager
def undone() -> Iterator[None]:
    """As the owner of the database; nothing of it is committed, so no guard asks for an entry."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def entries_of(history: History) -> list[Entry]:
    """An entry for each assignment; the first ones stand in the tree, under signed checkpoints."""
    body = canonical_bytes({"type": "assignment.changed"})
    made = [Entry(stream=f"a:{new_id()}", stream_seq=1, body=body, at=at(one)) for one in history.made]
    entries = Entry.objects.bulk_create(made)
    Leaf.objects.bulk_create(
        Leaf(index=index, entry=entry, hash=HASH, sealed_at=entry.at)
        for index, entry in enumerate(entries[: history.numbered])
    )
    Checkpoint.objects.bulk_create(
        Checkpoint(size=size, root=HASH, made_at=at(minute)) for size, minute in history.signed
    )
    SignedCheckpoint.objects.bulk_create(
        SignedCheckpoint(checkpoint_id=size, note="", signed_at=at(minute)) for size, minute in history.signed
    )
    return entries


def written(history: History, channel: Channel, stable: Revision) -> None:
    """The rows of the history."""
    ends = [*map(at, history.made[1:]), None]
    Assignment.objects.bulk_create(
        Assignment(
            channel=channel,
            period=(at(made), end),
            stable=stable,
            entry=entry,
            waits_for_seal=waits,
        )
        for made, end, waits, entry in zip(
            history.made, ends, history.waits, entries_of(history), strict=True
        )
    )


@pytest.fixture
def place(committed: Parts) -> Iterator[tuple[Channel, Revision]]:
    """A channel on which nothing was ever live, and what may be; the connection is the owner's meanwhile."""
    cast = committed.cast
    found = register_channel(actor(cast.admin), system=cast.system, name="kiosk", kind="kiosk")
    stable = draft(cast, committed.content)
    given_user = connection.settings_dict["USER"]
    connection.close()
    connection.settings_dict["USER"] = OWNER
    yield found, stable
    connection.close()
    connection.settings_dict["USER"] = given_user


@settings(
    max_examples=EXAMPLES // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories())
@example(history=History([0, 1, 2], [False, True, True], 3, [(2, 5), (3, 7)]))  # two wait at once
@example(history=History([0, 3], [True, False], 2, [(1, 4), (2, 6)]))  # two checkpoints cover the first
def test_what_answers_at_a_moment_is_what_served_then(
    place: tuple[Channel, Revision], history: History
) -> None:
    channel, stable = place
    with undone():
        written(history, channel, stable)
        rows = list(with_serves(channel.assignments.order_by("period")))
        served = spans(rows)

        asked = {half: answering(channel, at(half / 2)) for half in HALF_MINUTES}
        now = list(channel.assignments.filter(in_effect()).values_list("id", flat=True))

    assert [row.serves for row in rows] == [serving(history, place) for place in range(len(history.made))]
    assert asked == {half: within(served, at(half / 2)) for half in HALF_MINUTES}
    assert now == [row.id for row, _begins, end in served if end is None]


def serving(history: History, place: int) -> datetime | None:
    """Since when an assignment may serve: its first signed checkpoint has the fewest leaves that cover it."""
    made = history.made[place]
    covering = [minute for size, minute in history.signed if size > place]
    if not history.waits[place]:
        return at(made)
    return at(max(made, covering[0])) if covering else None


def answering(channel: Channel, moment: datetime) -> list[tuple[object, datetime | None]]:
    """What the database says answers then, and since when it serves."""
    rows = with_serves(channel.assignments.filter(in_effect(moment)))
    return [(row.id, row.serves) for row in rows]


def within(
    served: list[tuple[Assignment, datetime, datetime | None]], moment: datetime
) -> list[tuple[object, datetime | None]]:
    """The span that the moment lies in."""
    return [
        (row.id, begins) for row, begins, end in served if begins <= moment and (end is None or moment < end)
    ]
