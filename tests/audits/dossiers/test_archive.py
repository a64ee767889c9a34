"""The archive's bytes: the same whenever they are made, and nothing in them but the files."""

import io
from zipfile import ZIP_STORED, ZipFile

import pytest

from audits.dossiers.archive import MANIFEST, archive, listing, read_listing

FILES = {"entries/10.json": b"ten", "entries/9.json": b"nine", "report.html": b"<p>", "Z.txt": b""}


def members(data: bytes) -> list[tuple[str, tuple[int, ...], int, int, bytes, int]]:
    with ZipFile(io.BytesIO(data)) as zipped:
        return [
            (
                one.filename,
                one.date_time,
                one.compress_type,
                one.external_attr >> 16,
                one.extra,
                one.flag_bits,
            )
            for one in zipped.infolist()
        ]


def test_names_are_sorted_by_their_bytes_and_nothing_depends_on_when_or_where() -> None:
    found = members(archive(FILES))

    assert [name for name, *_ in found] == [
        "Z.txt",
        "entries/10.json",
        "entries/9.json",
        MANIFEST,
        "report.html",
    ]
    assert {rest for _name, *rest_ in found for rest in [tuple(rest_)]} == {
        ((1980, 1, 1, 0, 0, 0), ZIP_STORED, 0o100644, b"", 0)
    }


def test_the_same_files_in_another_order_are_the_same_archive() -> None:
    assert archive(FILES) == archive(dict(reversed(FILES.items())))


def test_the_list_is_what_sha256sum_reads() -> None:
    listed = listing({"b/c": b"", "a": b"abc"})

    assert listed.decode().splitlines() == [
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b/c",
    ]
    assert read_listing(listed)["a"].startswith("sha256:ba7816bf")


@pytest.mark.parametrize("name", ["/a", "a/../b", "../a", "a//b", "a\\b", "é", "a/", "", ".", "a b"])
def test_a_name_that_could_lead_elsewhere_is_never_written(name: str) -> None:
    with pytest.raises(ValueError, match="names of letters"):
        archive({name: b""})
