"""Uploads made to hurt: whatever arrives, the answer is a table or a refusal, in bounded memory."""

import contextlib
import dataclasses
import gzip
import io
import random
import subprocess
import sys

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from releases.scores.limits import DEFAULT_LIMITS
from releases.scores.normalise import CORE_COLUMNS
from releases.scores.polars_boundary import polars_errors_refused
from releases.scores.refusals import FileBroken, FileTooLarge, ScoreTableRefused
from tests.releases.scores.tables import HEADER, csv_bytes, meta, normalised, packed, read

SMALL = dataclasses.replace(DEFAULT_LIMITS, bytes=200_000, expansion_from=10_000)


def bomb(size: int) -> bytes:
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb", mtime=0) as file:
        file.write(b"id\n")
        block = (b"a" * 4_000 + b"\n") * 250
        for _ in range(size // len(block)):
            file.write(block)
    return target.getvalue()


def test_a_gzip_bomb_is_refused_early() -> None:
    content = bomb(200_000_000)

    with pytest.raises(FileTooLarge, match="200 times"):
        read(content)


def test_a_gzip_bomb_does_not_fill_the_memory() -> None:
    script = (
        "import resource, sys\n"
        "from tests.releases.scores.test_hostile_files import bomb\n"
        "from tests.releases.scores.tables import read\n"
        "from releases.scores.refusals import FileTooLarge\n"
        "content = bomb(200_000_000)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    read(content)\nexcept FileTooLarge:\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True
    )

    assert int(done.stdout) < 100_000  # kibibytes; unpacked it would be 200,000


def test_a_row_of_endless_quoted_lines_is_refused() -> None:
    content = b'id\n"' + b'x","y\n' * 2_000_000

    with pytest.raises(FileTooLarge, match="A row is longer"):
        read(content)


def test_one_endless_line_is_refused() -> None:
    with pytest.raises(FileTooLarge, match="Line 2 is longer"):
        read(b"id\n" + b"," * 50_000_000)


def test_ten_thousand_columns_are_refused() -> None:
    header = ",".join(f"c{number}" for number in range(10_000))

    with pytest.raises(FileTooLarge, match="10,000 columns; at most 512"):
        read(f"{header}\n{'1,' * 9_999}1\n".encode())


@pytest.mark.parametrize("seed", range(20))
def test_binary_junk_is_refused(seed: int) -> None:
    with pytest.raises(ScoreTableRefused):
        read(random.Random(seed).randbytes(50_000))


@given(st.binary(max_size=400))
def test_any_bytes_give_a_table_or_a_refusal(content: bytes) -> None:
    with contextlib.suppress(ScoreTableRefused):
        read(content, ["id"], SMALL)


@given(st.binary(max_size=200), st.integers(0, 60), st.integers(0, 255))
def test_any_damaged_gzip_gives_a_table_or_a_refusal(content: bytes, place: int, byte: int) -> None:
    damaged = bytearray(packed(b"id\n" + content))
    damaged[place % len(damaged)] = byte

    with contextlib.suppress(ScoreTableRefused):
        read(bytes(damaged), ["id"], SMALL)


CELL = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


@given(st.lists(st.tuples(CELL, CELL, CELL, CELL, CELL), min_size=1, max_size=12))
def test_any_text_in_the_cells_gives_a_table_or_a_refusal(rows: list[tuple[str, ...]]) -> None:
    description = meta(missing_scores=[-1, "x"], score_range=[0, 1])

    with contextlib.suppress(ScoreTableRefused):
        found = normalised(csv_bytes(rows), description)

        assert found.rows_read == len(rows)
        assert found.frame.height + sum(one.count for one in found.refusals) == len(rows)


@pytest.mark.parametrize(
    "name", ["row", "c0", "reason", "sample", "$^", "*", "a.b", "^.*$", "attr.sex", "\u202e"]
)
def test_column_names_that_mean_something_to_the_library_are_only_names(name: str) -> None:
    header = (*HEADER[:4], name)

    found = normalised(
        csv_bytes([("s1", "p1", "real", "", "0.1")], header), meta({"score": name, "attributes": [name]})
    )

    assert found.frame["score"].to_list() == [0.1]
    assert found.frame[f"attr.{name}"].to_list() == ["0.1"]


def test_a_bomb_of_attributes_is_refused_before_it_is_built() -> None:
    limits = dataclasses.replace(DEFAULT_LIMITS, cells=100)

    with pytest.raises(FileTooLarge, match="more than 100 cells"):
        read(b"a,b\n" + b"1,2\n" * 60, ["a", "b"], limits)


def test_the_description_is_no_way_to_make_the_library_panic() -> None:
    attributes = [{"name": f"a{number}", "constant": "x" * 1024} for number in range(64)]
    content = csv_bytes([("s1", "p1", "real", "", "0.1")])

    found = normalised(content, meta({"attributes": attributes}))

    assert found.frame.width == len(CORE_COLUMNS) + 64


def test_a_panic_of_the_library_becomes_a_refusal() -> None:
    with pytest.raises(FileBroken, match="could not be read"), polars_errors_refused("read"):
        raise pl.exceptions.PanicException("boom")
