"""The packed cluster that runs share: taken over as it was, never half or damaged."""

from pathlib import Path

import pytest

from tests.packed import PackedCluster


@pytest.fixture
def said() -> list[str]:
    """What was written to the log."""
    return []


@pytest.fixture
def packed(tmp_path: Path, said: list[str]) -> PackedCluster:
    """Of a cluster with one file, and packed."""
    cluster = tmp_path / "cluster"
    cluster.mkdir(mode=0o700)
    (cluster / "PG_VERSION").write_text("18\n")
    found = PackedCluster(tmp_path / "packed", "now", said.append)
    with found.alone():
        found.pack(cluster)
    return found


def test_what_is_unpacked_takes_the_place_of_a_cluster_and_is_as_private(
    packed: PackedCluster, tmp_path: Path
) -> None:
    used = tmp_path / "used"
    used.mkdir()
    (used / "left").touch()

    packed.unpack(used)

    assert [path.name for path in used.iterdir()] == ["PG_VERSION"]
    assert used.stat().st_mode & 0o777 == 0o700


def test_a_whole_file_is_whole_and_nothing_is_said(packed: PackedCluster, said: list[str]) -> None:
    assert packed.is_whole()
    assert said == []


def test_a_damaged_file_counts_as_absent_and_that_is_said(packed: PackedCluster, said: list[str]) -> None:
    packed.file.write_bytes(packed.file.read_bytes().replace(b"18\n", b"17\n"))

    assert not packed.is_whole()
    assert said == [f"{packed.file} is damaged; it is made anew"]


def test_a_file_cut_short_counts_as_absent(packed: PackedCluster) -> None:
    packed.file.write_bytes(packed.file.read_bytes()[:-1])

    assert not packed.is_whole()


def test_a_file_whose_digest_was_not_written_counts_as_absent(packed: PackedCluster) -> None:
    packed.digest.unlink()

    assert not packed.is_whole()


def test_packing_another_state_removes_the_one_before(packed: PackedCluster, tmp_path: Path) -> None:
    later = PackedCluster(packed.directory, "later", packed.write)

    later.pack(tmp_path / "cluster")

    assert later.is_whole()
    assert not packed.file.exists()
    assert not packed.is_whole()
