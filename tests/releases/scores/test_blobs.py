import hashlib
import io
from pathlib import Path

import pytest

from releases.scores.blobs import BlobStore, StoredBlob
from releases.scores.refusals import BlobDamaged, BlobMissing, BlobTooLarge, DigestMismatch

CONTENT = b"score table"
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


def store_at(root: Path, content: bytes = CONTENT) -> StoredBlob:
    store = BlobStore(root)
    with store.staged(io.BytesIO(content), most=1000) as staged:
        return store.keep(staged)


def files_below(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_kept_blob_reads_back_under_its_digest(tmp_path: Path) -> None:
    stored = store_at(tmp_path)

    assert stored == StoredBlob(DIGEST, len(CONTENT), already_there=False, repaired=False)
    assert BlobStore(tmp_path).verified_path(DIGEST).read_bytes() == CONTENT
    assert BlobStore(tmp_path).holds(DIGEST)


def test_storing_the_same_bytes_twice_changes_nothing(tmp_path: Path) -> None:
    store_at(tmp_path)

    again = store_at(tmp_path)

    assert again.already_there
    assert not again.repaired
    assert len(files_below(tmp_path)) == 1


def test_bytes_that_are_not_kept_leave_nothing_behind(tmp_path: Path) -> None:
    with BlobStore(tmp_path).staged(io.BytesIO(CONTENT), most=1000) as staged:
        assert staged.path.read_bytes() == CONTENT

    assert files_below(tmp_path) == []


def test_a_stated_digest_that_differs_is_refused(tmp_path: Path) -> None:
    expected = "sha256:" + "0" * 64

    with (
        pytest.raises(DigestMismatch, match=f"has the digest {DIGEST}, stated was {expected}"),
        BlobStore(tmp_path).staged(io.BytesIO(CONTENT), most=1000, expected=expected),
    ):
        pass

    assert files_below(tmp_path) == []


def test_a_stated_digest_that_fits_is_taken(tmp_path: Path) -> None:
    with BlobStore(tmp_path).staged(io.BytesIO(CONTENT), most=len(CONTENT), expected=DIGEST) as staged:
        assert (staged.digest, staged.size) == (DIGEST, len(CONTENT))


def test_too_many_bytes_are_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(BlobTooLarge, match="larger than 10 bytes"),
        BlobStore(tmp_path).staged(io.BytesIO(CONTENT), most=10),
    ):
        pass

    assert files_below(tmp_path) == []


def test_changed_bytes_are_not_handed_out(tmp_path: Path) -> None:
    store_at(tmp_path)
    path = BlobStore(tmp_path).verified_path(DIGEST)
    path.chmod(0o600)
    path.write_bytes(b"Score table")

    with pytest.raises(BlobDamaged, match=f"stored as {DIGEST} now has the digest"):
        BlobStore(tmp_path).verified_path(DIGEST)


def test_storing_the_right_bytes_again_repairs_a_damaged_blob_and_says_so(tmp_path: Path) -> None:
    store_at(tmp_path)
    path = BlobStore(tmp_path).verified_path(DIGEST)
    path.chmod(0o600)
    path.write_bytes(b"")

    again = store_at(tmp_path)

    assert again.repaired
    assert not again.already_there
    assert BlobStore(tmp_path).verified_path(DIGEST).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "digest",
    [DIGEST.replace("sha256:", "md5:"), "sha256:../../etc/passwd", DIGEST.upper(), "", DIGEST + "\n"],
)
def test_what_is_no_digest_reaches_no_file(tmp_path: Path, digest: str) -> None:
    with pytest.raises(BlobMissing, match="is no digest"):
        BlobStore(tmp_path).verified_path(digest)


def test_an_unknown_digest_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BlobMissing, match=f"digest {DIGEST} is stored"):
        BlobStore(tmp_path).verified_path(DIGEST)


def test_stored_files_are_read_only(tmp_path: Path) -> None:
    store_at(tmp_path)

    assert BlobStore(tmp_path).verified_path(DIGEST).stat().st_mode & 0o777 == 0o440
