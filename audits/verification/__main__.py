"""``python -m audits.verification DOSSIER.zip --vkey KEY [--previous OLDER]``

Ends with 0 verified, 1 refused, 2 not used rightly, 3 in order, but under the key that the dossier brought.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from audits.verification.anchors import key_id, read_keys
from audits.verification.archives import LARGEST_TOTAL
from audits.verification.checking import Verified, check_held, verify
from audits.verification.refusals import Refused, Unfit, printable
from governance.ledger.canonical import canonical_bytes
from governance.ledger.notes import VerifierKey

VERIFIED, REFUSED, MISUSED, UNTRUSTED = range(4)
CONTAINED, NOT_COMPARED = "what you kept is contained in it", "compared with nothing (--previous)"


class Misused(Exception):
    """What the arguments name cannot be read."""


def main(arguments: Sequence[str]) -> int:
    """Verify what the arguments name; answers the exit code."""
    parser = argparse.ArgumentParser(prog="python -m audits.verification", description="Verify a dossier.")
    parser.add_argument("dossier", help="the zip file")
    parser.add_argument("--vkey", help="the ledger's verifier key, or a file with it, got by another way")
    parser.add_argument("--previous", help="a dossier or checkpoint that was kept: it must be contained")
    given = parser.parse_args(arguments)
    try:
        outside = _keys(given.vkey) if given.vkey is not None else ()
        data, held = _read(given.dossier), _read(given.previous) if given.previous else None
    except Misused as fault:
        _say(sys.stderr, [f"not used rightly: {fault}"])
        return MISUSED
    try:
        verified = verify(data, outside)
        if held is not None:
            check_held(verified, held)
    except Refused as refusal:
        _say(sys.stdout, [str(refusal)])
        return REFUSED
    _say(
        sys.stdout,
        [*(("verified",) if outside else _untrusted(verified)), *_shown(verified, held is not None)],
    )
    return VERIFIED if outside else UNTRUSTED


def _keys(given: str) -> tuple[VerifierKey, ...]:
    """A verifier key as it stands, or those of a file."""
    is_key = "+" in given and not Path(given).exists()
    try:
        return read_keys(given if is_key else _read(given).decode("utf-8"))
    except (Unfit, UnicodeDecodeError) as fault:
        raise Misused(f"{given}: {fault}") from None


def _read(path: str) -> bytes:
    try:
        if Path(path).stat().st_size > LARGEST_TOTAL:
            raise Misused(f"{path} is larger than a dossier may be.")
        return Path(path).read_bytes()
    except OSError as fault:
        raise Misused(str(fault)) from None


def _shown(verified: Verified, is_compared: bool) -> list[str]:
    head, about = verified.found.head, verified.description
    whole = sum(stream.last is not None for stream in about.streams)
    title = about.subject.get("title")
    signers = ", ".join(sorted(key_id(key) for key in verified.found.signers))
    return [
        f"about:  {title if isinstance(title, str) else canonical_bytes(about.subject).decode()}",
        f"ledger: {head.origin}, {head.size} entries, signed by {signers}",
        f"here:   {len(verified.entries)} entries of {len(about.streams)} streams, {whole} of them whole, "
        f"and {len(verified.files)} files",
        f"kept:   {CONTAINED if is_compared else NOT_COMPARED}",
        "What this cannot show:",
        "- That there is no other history: who holds key and database can write one. Keep what you verify.",
        *(f"- {word}" for word in about.words),
    ]


def _untrusted(verified: Verified) -> list[str]:
    keys = " ".join(key.text() for key in verified.keys)
    return [
        "UNTRUSTED KEY: all of it fits together, but under the key that it brought; anybody can make one.",
        f"Get the key by another way and give it with --vkey. It brought {keys}",
    ]


def _say(stream: TextIO, lines: Sequence[str]) -> None:
    letters = stream.encoding or "ascii"
    text = "\n".join(printable(line) for line in lines)
    stream.write(text.encode(letters, "backslashreplace").decode(letters) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
