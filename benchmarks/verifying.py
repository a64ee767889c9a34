"""The measured process that verifies a dossier, and its floor: unpacking and hashing every file once.

Free of Django, as the verifier is.
"""

import hashlib
import sys
import zipfile
from pathlib import Path

from audits.verification.anchors import read_keys
from audits.verification.checking import verify
from benchmarks.child import timed


def main(mode: str, dossier: str, vkey: str) -> None:
    """Measure ``verify`` or ``hashes``; the answer is how many entries, or files, there are."""
    data = Path(dossier).read_bytes()
    keys = read_keys(vkey)
    timed(lambda: len(verify(data, keys).entries) if mode == "verify" else _hash_all(dossier))


def _hash_all(dossier: str) -> int:
    with zipfile.ZipFile(dossier) as archive:
        return len({hashlib.sha256(archive.read(name)).digest() for name in archive.namelist()})


if __name__ == "__main__":
    main(*sys.argv[1:])
