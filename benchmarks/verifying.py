"""The measured process that verifies a dossier, and its floor: unpacking and hashing every file once.

Free of Django, as the verifier is.
"""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

from audits.verification.anchors import read_keys
from audits.verification.checking import verify
from benchmarks.child import timed


def main(mode: str, dossier: str, vkey: str) -> None:
    """Measure ``verify``, the ``script`` or ``hashes``; the answer is how many entries or files there are."""
    if mode == "script":
        timed(lambda: _entries_by_script(dossier, vkey))
        return
    data = Path(dossier).read_bytes()
    keys = read_keys(vkey)
    timed(lambda: len(verify(data, keys).entries) if mode == "verify" else _hash_all(dossier))


def _entries_by_script(dossier: str, vkey: str) -> int:
    """How many entries the dossier's own script says are there; its start is part of what is measured."""
    with zipfile.ZipFile(dossier) as archive:
        names, script = archive.namelist(), archive.read("verify.py")
    place = Path(dossier).with_name("verify.py")
    place.write_bytes(script)
    command = [sys.executable, "-I", "-S", str(place), dossier, "--vkey", vkey]
    done = subprocess.run(command, capture_output=True, check=False)
    return 0 if done.returncode else sum(name.startswith("entries/") for name in names)


def _hash_all(dossier: str) -> int:
    with zipfile.ZipFile(dossier) as archive:
        return len({hashlib.sha256(archive.read(name)).digest() for name in archive.namelist()})


if __name__ == "__main__":
    main(*sys.argv[1:])
