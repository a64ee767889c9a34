"""Parquet over HTTP: taken, or refused with a sentence and never a 500."""

import io
import json
from typing import Any

import polars as pl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from releases.scores.models import ScoreTable
from tests.factories.gates import HEADER, META, table_rows
from tests.factories.http import with_token
from tests.factories.worlds import Prepared

ADDRESS = "/api/v1/score-tables/"
ERRORS = {"print": 2, "mask": 2, "1": 2, "6": 2}


def content() -> bytes:
    target = io.BytesIO()
    rows = [[str(cell) for cell in row] for row in table_rows(ERRORS)]
    pl.DataFrame(rows, schema=dict.fromkeys(HEADER, pl.String), orient="row").write_parquet(target)
    return target.getvalue()


def posted(world: Prepared, file: bytes, name: str) -> Any:
    table = ScoreTable.objects.filter(system=world.here.cast.system).earliest("imported_at")
    meta = {**META, "dataset": str(table.dataset_id), "stack_digest": table.stack_digest}
    body = {
        "system": str(table.system_id),
        "file": SimpleUploadedFile(name, file),
        "meta": json.dumps({key: value for key, value in meta.items() if value is not None}),
    }
    return with_token(world.here.cast.author).post(ADDRESS, body)


def test_a_parquet_file_is_imported_whatever_it_is_called(prepared: Prepared) -> None:
    answer = posted(prepared, content(), "scores.csv")

    assert answer.status_code == 201, answer.content.decode()
    counts = answer.json()["counts"]
    assert (counts["source_format"], counts["row_numbering"]) == ("parquet", "data_rows")
    assert "was read as Parquet" in counts["source_note"]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (content()[:-30], "cut short"),
        (b"PAR1" + bytes(200) + b"PAR1", "cut short"),
        (content()[:-4] + b"PARE", "encrypted"),
    ],
    ids=["cut", "zeros", "encrypted"],
)
def test_a_broken_parquet_file_is_refused_with_its_reason(
    prepared: Prepared, file: bytes, words: str
) -> None:
    before = ScoreTable.objects.count()

    answer = posted(prepared, file, "scores.parquet")

    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert ScoreTable.objects.count() == before
