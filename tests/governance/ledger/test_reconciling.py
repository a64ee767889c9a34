"""What entries say of rows in the end, and how rows are compared with it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from governance.ledger.canonical import canonical_bytes, digest_of_bytes
from governance.ledger.fsck.findings import Finding
from governance.ledger.models import Blob
from governance.ledger.reconciling.comparing import differences, list_differences
from governance.ledger.reconciling.declared import (
    Listed,
    Person,
    Reconciled,
    ReconciledList,
    Said,
    Told,
    const,
    has,
    maybe,
    of_former,
)
from governance.ledger.reconciling.folding import Folded, Listeners
from governance.ledger.reconciling.opening import open_all
from governance.registry.models import System

KEY = "01a218de-8316-71db-a0d5-af3e4c2ab1cf"
OTHER = "01a218de-8316-71db-a0d5-af3e4c2ab1d0"
STREAM = f"system:{KEY}"
TIME = "2026-11-26T17:00:00.000000Z"

SYSTEMS = Reconciled(
    System,
    told=(
        Told(
            ("made",),
            {"name": "name", "slug": maybe("slug", "none"), "registered_at": "@at", "drill": const(False)},
            is_first=True,
        ),
        Told(("renamed",), {"name": "name", "registered_by_username": "@actor"}),
        Told(("renamed",), {"description": "@reason"}, only=has("why")),
        Told(("renamed",), {"name": "^new"}, row="id", each="others", is_first=True),
    ),
    through={"description": str.upper},
)
CHANNELS = ReconciledList(
    System,
    of="system_id",
    listed=(Listed(("listed", "listed_outside"), "channels", {"name": "name", "kind": "kind"}),),
)


def said(event: str, seq: int, after: Any = None, **more: Any) -> Said:
    facts: dict[str, Any] = {"at": TIME, "actor": Person(OTHER, "ada"), "reason": "because"}
    return Said(id=f"entry-{seq}", type=event, stream=STREAM, seq=seq, after=after, **(facts | more))


def folded(*entries: Said, late: int = 0) -> Folded:
    found = Folded(STREAM, Listeners([SYSTEMS, CHANNELS]))
    for one in entries:
        found.hear(one, one.seq == late)
    return found


def row(**changed: Any) -> dict[str, Any]:
    facts = {"id": UUID(KEY), "name": "a", "slug": "none", "drill": False, "description": ""}
    times = {"registered_at": datetime(2026, 11, 26, 17, tzinfo=UTC), "registered_by_username": "ada"}
    return facts | times | changed


def compared(found: Folded, *rows: dict[str, Any]) -> list[Finding]:
    return list(differences(SYSTEMS, STREAM, found.rows[0], rows))


def listed(found: Folded, *rows: dict[str, Any]) -> list[Finding]:
    return list(list_differences(CHANNELS, STREAM, found.lists[1], rows))


def kept(value: Any) -> str:
    """The digest under which the value is stored."""
    data = canonical_bytes(value)
    Blob.objects.create(digest=digest_of_bytes(data), bytes=data, stored_at=timezone.now())
    return digest_of_bytes(data)


def channel(name: str, kind: str = "android") -> dict[str, Any]:
    return {"id": UUID(OTHER), "system_id": UUID(KEY), "name": name, "kind": kind}


def test_the_last_entry_that_speaks_of_a_column_counts() -> None:
    found = folded(said("made", 1, {"name": "a"}), said("renamed", 2, {"name": "b"}))

    assert compared(found, row(name="b")) == []
    assert [(one.kind, one.table, one.row, one.column) for one in compared(found, row())] == [
        ("row", "governance_system", KEY, "name")
    ]


def test_a_difference_says_what_the_entry_and_what_the_row_says() -> None:
    (finding,) = compared(folded(said("made", 1, {"name": "a"})), row(name="changed"))

    assert str(finding) == (
        f'governance_system {KEY}, name: entry 1 of {STREAM} says "a", the row says "changed".'
    )
    assert finding.summary == f"governance_system {KEY} name: not what its entries say."


def test_an_entry_that_does_not_say_leaves_a_column_unknown_instead_of_as_it_was_before() -> None:
    found = folded(said("made", 1, {"name": "a"}), said("renamed", 2, {}))

    assert compared(found, row(name="whatever")) == []


def test_what_an_entry_may_leave_out_has_a_meaning_of_its_own() -> None:
    found = folded(said("made", 1, {"name": "a"}))

    assert [one.column for one in compared(found, row(slug="x"))] == ["slug"]


def test_nothing_and_an_empty_text_are_the_same() -> None:
    assert compared(folded(said("made", 1, {"name": None})), row(name="")) == []


def test_numbers_are_compared_as_numbers_and_texts_as_texts() -> None:
    found = folded(said("made", 1, {"name": {"share": 1, "n": [0.5]}}))

    assert compared(found, row(name={"n": [0.5], "share": 1.0})) == []
    assert [one.column for one in compared(found, row(name={"n": [0.5], "share": "1"}))] == ["name"]


def test_a_time_that_was_raised_to_that_of_the_entry_before_says_nothing() -> None:
    entries = [said("made", 1, {"name": "a"}, at="2026-11-26T18:00:00.000000Z")]

    assert [one.column for one in compared(folded(*entries), row())] == ["registered_at"]
    assert compared(folded(*entries, late=1), row()) == []


def test_only_entries_that_fit_are_heard() -> None:
    silent = folded(said("made", 1, {"name": "a"}), said("renamed", 2, {"name": "a"}))
    why = folded(said("made", 1, {"name": "a"}), said("renamed", 2, {"name": "a", "why": "x"}))

    assert compared(silent, row(description="anything")) == []
    assert [one.column for one in compared(why, row(description="no"))] == ["description"]


def test_a_list_in_an_entry_speaks_of_many_rows() -> None:
    after = {"name": "a", "others": [{"id": OTHER}], "new": "z"}
    found = folded(said("made", 1, {"name": "a"}), said("renamed", 2, after))

    (finding,) = [one for one in compared(found, row(), row(id=UUID(OTHER), name="y")) if one.kind == "row"]

    assert (finding.row, finding.column) == (OTHER, "name")


def test_a_row_that_no_entry_began_is_found() -> None:
    (finding,) = compared(folded(said("made", 1, {"name": "a"})), row(), row(id=UUID(OTHER)))

    assert (finding.kind, finding.row) == ("unrecorded", OTHER)


def test_a_row_that_is_gone_is_found() -> None:
    (finding,) = compared(folded(said("made", 1, {"name": "a"})))

    assert (finding.kind, finding.row) == ("gone", KEY)
    assert "entry 1 of" in str(finding)


LIST = said("listed", 1, {"channels": [{"name": "a", "kind": "android"}, {"name": "b", "kind": "ios"}]})


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        ([channel("a"), channel("b", "ios") | {"id": UUID(KEY)}], []),
        ([channel("a")], ["gone"]),
        ([channel("a"), channel("b") | {"id": UUID(KEY)}], ["row", "gone"]),
        ([channel("a"), channel("a") | {"id": UUID(KEY)}], ["row", "gone"]),
    ],
    ids=["as listed", "one is missing", "one differs", "one stands twice"],
)
def test_lists_are_compared_as_a_whole(rows: list[dict[str, Any]], kinds: list[str]) -> None:
    assert [one.kind for one in listed(folded(LIST), *rows)] == kinds


def test_the_newest_list_replaces_the_one_before() -> None:
    newer = said("listed", 2, {"channels": [{"name": "c", "kind": "ios"}]})

    assert [one.kind for one in listed(folded(LIST, newer), channel("c", "ios"))] == []


def test_an_entry_without_its_list_leaves_the_rows_unknown() -> None:
    assert listed(folded(LIST, said("listed", 2, {})), channel("whatever")) == []


def test_rows_of_which_no_entry_lists_any_are_found() -> None:
    assert [one.kind for one in listed(folded(), channel("a"))] == ["unrecorded"]


OUTSIDE = ReconciledList(
    System,
    of="id",
    listed=(
        Listed(("made",), "rows", {"name": ""}, blob="draft"),
        Listed(("worded",), "rows", {"name": lambda heard: heard.said.after["no such"]}, blob="draft"),
    ),
)


def opened(*entries: Said) -> tuple[Folded, list[tuple[str, int]]]:
    """A stream whose lists were read, and those that could not be."""
    found = Folded(STREAM, Listeners([OUTSIDE]))
    for one in entries:
        found.hear(one, False)
    return found, list(open_all([found]))


def test_a_list_may_lie_outside_the_entry_under_its_digest(db: None) -> None:
    refs = {"draft": kept({"rows": ["a"]})}

    found, unread = opened(said("made", 1, refs=refs))

    assert (found.lists[0][KEY].items, unread) == ([("a",)], [])


def test_of_lists_outside_only_the_newest_is_read(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    older, newer = ({"draft": kept({"rows": [name]})} for name in "ab")

    with django_assert_num_queries(1):
        found, _ = opened(said("made", 1, refs=older), said("made", 2, refs=newer))

    assert (found.lists[0][KEY].items, found.lists[0][KEY].seq) == ([("b",)], 2)


@pytest.mark.parametrize("stored", [b"no JSON", b'{"rows": ["b"]}'])
def test_a_list_whose_bytes_are_missing_or_others_leaves_the_rows_unknown(db: None, stored: bytes) -> None:
    digest = digest_of_bytes(b'{"rows": ["a"]}')
    Blob.objects.create(digest=digest, bytes=stored, stored_at=timezone.now())

    found, unread = opened(said("made", 1, refs={"draft": digest}))

    assert (found.lists[0][KEY].items, unread) == (None, [])


def test_a_list_outside_that_is_not_as_the_product_writes_it_is_named(db: None) -> None:
    refs = {"draft": kept({"rows": ["a"]})}

    found, unread = opened(said("worded", 3, {}, refs=refs))

    assert (found.lists[0][KEY].items, unread) == (None, [(STREAM, 3)])


def test_an_entry_may_speak_of_the_row_of_the_one_before() -> None:
    ending = Reconciled(System, told=(Told(("made",), {"name": "name"}, row=of_former("id")),))
    found = Folded(STREAM, Listeners([ending]))
    found.hear(said("made", 1, {"name": "1"}), False)
    found.hear(said("made", 2, {"name": "2"}), False)

    assert {key: one.columns["name"][0] for key, one in found.rows[0].items()} == {"entry-1": "2"}


def test_a_value_that_cannot_be_brought_to_what_entries_say_is_named() -> None:
    found = folded(said("made", 1, {"name": "a"}), said("renamed", 2, {"name": "a", "why": "so"}))

    (damaged,) = compared(found, row(description=None))

    assert (damaged.kind, damaged.column) == ("row", "description")
    assert "what stands there cannot be read: null" in damaged.sentence
