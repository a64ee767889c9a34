import dataclasses
import hashlib
import io
from pathlib import Path
from typing import Any

import pytest

from governance.errors import GovernanceError
from governance.registry.predicates import parse_predicate
from releases.scores.blobs import BlobStore
from releases.scores.canonical import scan_canonical
from releases.scores.importing import ImportedTable, import_table
from releases.scores.limits import DEFAULT_LIMITS
from releases.scores.refusals import (
    BlobTooLarge,
    DigestMismatch,
    FileBroken,
    PolarityContradicted,
    RowsContradict,
)
from releases.scores.summary import GroupCount
from tests.releases.scores.tables import BONA_FIDE, HEADER, PRINT, csv_bytes, meta, packed

WIDE = (*HEADER, "sex")
ROWS = [
    (*BONA_FIDE, "female"),
    (*PRINT, "male"),
    ("s3", "p1", "real", "", "", "female"),
    ("s4", "", "fake", "mask", "0.8", ""),
    ("s5", "p5", "real", "", "abc", "male"),
]
FEMALE = parse_predicate({"attribute": "sex", "operator": "eq", "value": "female"})


def imported(root: Path, content: bytes, **options: Any) -> ImportedTable:
    description = meta({"attributes": ["sex"]})
    return import_table(io.BytesIO(content), description, BlobStore(root), **options)


def test_import_table_stores_the_upload_and_the_canonical_table(tmp_path: Path) -> None:
    content = packed(csv_bytes(ROWS, WIDE))

    found = imported(tmp_path, content)

    store = BlobStore(tmp_path)
    assert found.digest == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert store.verified_path(found.digest).read_bytes() == content
    canonical = scan_canonical(store.verified_path(found.canonical_digest)).collect()
    assert canonical["sample"].to_list() == ["s1", "s2", "s3", "s4"]
    assert (found.source_format, found.size) == ("csv_gzip", len(content))


def test_import_table_answers_with_counts_and_what_was_refused(tmp_path: Path) -> None:
    found = imported(tmp_path, csv_bytes(ROWS, WIDE), segments=[("women", FEMALE)])

    assert (found.rows_read, found.rows_filtered_out, found.rows) == (5, 0, 4)
    assert [(one.reason, one.count, one.first_rows) for one in found.refusals] == [
        ("score_not_a_number", 1, (6,))
    ]
    assert found.missing_scores == {"empty": 1}
    assert found.polarity.auroc == 1.0
    assert found.summary.total == GroupCount(rows=4, answered=3, subjects=2, without_subject=1)
    assert found.summary.labels == {
        "attack": GroupCount(rows=2, answered=2, subjects=1, without_subject=1),
        "bona_fide": GroupCount(rows=2, answered=1, subjects=1, without_subject=0),
    }
    assert found.summary.species == {
        "mask": GroupCount(rows=1, answered=1, subjects=0, without_subject=1),
        "print": GroupCount(rows=1, answered=1, subjects=1, without_subject=0),
    }
    assert found.summary.attributes == {
        "sex": {
            "female": {"rows": 2, "bona_fide": 2, "attack": 0},
            None: {"rows": 1, "bona_fide": 0, "attack": 1},
            "male": {"rows": 1, "bona_fide": 0, "attack": 1},
        }
    }
    assert found.summary.segments == {"women": {"rows": 2, "bona_fide": 2, "attack": 0}}
    assert found.summary.values_not_shown == {}


def test_the_same_upload_twice_is_stored_once(tmp_path: Path) -> None:
    first = imported(tmp_path, csv_bytes(ROWS, WIDE))

    second = imported(tmp_path, csv_bytes(ROWS, WIDE))

    assert first == second
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2


def test_only_the_most_frequent_values_are_listed(tmp_path: Path) -> None:
    rows = [(f"s{number}", "p", "real", "", "0.1", f"value {number}") for number in range(150)]

    found = imported(tmp_path, csv_bytes([*rows, ("t", "p", "real", "", "0.1", "value 149")], WIDE)).summary

    assert len(found.attributes["sex"]) == 100
    assert next(iter(found.attributes["sex"])) == "value 149"
    assert found.values_not_shown == {"sex": 50}


REFUSED: list[tuple[bytes, dict[str, Any], type[GovernanceError]]] = [
    (csv_bytes([ROWS[0], ("s2",)], WIDE), {}, FileBroken),
    (csv_bytes([ROWS[0], ROWS[0]], WIDE), {}, RowsContradict),
    (
        csv_bytes([(*BONA_FIDE[:4], "1", ""), (*PRINT[:4], "0", "")], WIDE),
        {},
        PolarityContradicted,
    ),
    (csv_bytes(ROWS, WIDE), {"expected_digest": "sha256:" + "0" * 64}, DigestMismatch),
    (csv_bytes(ROWS, WIDE), {"limits": dataclasses.replace(DEFAULT_LIMITS, upload_bytes=20)}, BlobTooLarge),
]


@pytest.mark.parametrize(("content", "options", "kind"), REFUSED)
def test_a_refused_upload_leaves_the_store_as_it_was(
    tmp_path: Path, content: bytes, options: dict[str, Any], kind: type[GovernanceError]
) -> None:
    with pytest.raises(kind):
        imported(tmp_path, content, **options)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
