"""``python -m audits.verification DOSSIER.zip --vkey KEY``, with ``--previous OLDER`` if one was kept, and
with that ``--previous-vkey KEY`` and ``--consistency PROOF`` where they are needed.

Ends with 0 verified, 1 refused, 2 not used rightly, 3 in order, but under the key that the dossier brought.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from audits.verification.anchors import key_id, read_keys
from audits.verification.archives import LARGEST_TOTAL
from audits.verification.checking import Verified, check_held, verify
from audits.verification.documents import within
from audits.verification.refusals import Refused, Unfit, printable
from audits.verification.statements import unstated_runs
from governance.ledger.canonical import canonical_bytes
from governance.ledger.notes import VerifierKey

VERIFIED, REFUSED, MISUSED, UNTRUSTED = range(4)
KEY = re.compile(r"\S+\+[0-9a-f]{8}\+\S+")
NOT_COMPARED = "compared with nothing (--previous)"


class Misused(Exception):
    """What the arguments name cannot be read."""


def main(arguments: Sequence[str]) -> int:
    """Verify what the arguments name; answers the exit code."""
    parser = argparse.ArgumentParser(prog="python -m audits.verification", description="Verify a dossier.")
    parser.add_argument("dossier", help="the zip file")
    parser.add_argument("--vkey", help="the ledger's verifier key, or a file with it, got by another way")
    parser.add_argument("--previous", help="a dossier or checkpoint that was kept: it must be contained")
    parser.add_argument("--previous-vkey", help="a key of before, good for what was kept alone")
    parser.add_argument("--consistency", help="the proof that it is contained, if the dossier has none")
    given = parser.parse_args(arguments)
    try:
        outside, older = _keys(given.vkey), _keys(given.previous_vkey)
        data, held, proof = _read(given.dossier), _kept(given.previous), _kept(given.consistency)
        if held is None and proof is not None:
            raise Misused("--consistency needs --previous, which it is about.")
    except Misused as fault:
        _say(sys.stderr, [f"not used rightly: {fault}"])
        return MISUSED
    try:
        verified = verify(data, outside, older)
        kept = NOT_COMPARED if held is None else check_held(verified, held, proof)
    except Refused as refusal:
        _say(sys.stdout, [str(refusal)])
        return REFUSED
    _say(sys.stdout, [*(("verified",) if outside else _untrusted(verified)), *_shown(verified, kept)])
    return VERIFIED if outside else UNTRUSTED


def _keys(given: str | None) -> tuple[VerifierKey, ...]:
    """A verifier key as it stands, or those of a file; none if nothing was given."""
    if given is None:
        return ()
    is_key = KEY.fullmatch(given)  # also where somebody has laid a file of that name
    try:
        return read_keys(given if is_key else _read(given).decode("utf-8"))
    except (Unfit, UnicodeDecodeError) as fault:
        raise Misused(f"{given}: {fault}") from None


def _kept(path: str | None) -> bytes | None:
    return None if path is None else _read(path)


def _read(path: str) -> bytes:
    try:
        if Path(path).stat().st_size > LARGEST_TOTAL:
            raise Misused(f"{path} is larger than a dossier may be.")
        return Path(path).read_bytes()
    except OSError as fault:
        raise Misused(str(fault)) from None


def _shown(verified: Verified, kept: str) -> list[str]:
    head, about = verified.found.head, verified.description
    whole = sum(stream.last is not None for stream in about.streams)
    title = about.subject.get("title")
    signers = ", ".join(sorted(key_id(key) for key in verified.found.signers))
    bare, runs = unstated_runs(verified.files, verified.entries)
    return [
        f"about:  {title if isinstance(title, str) else canonical_bytes(about.subject).decode()} "
        f"({_matter(verified)})",
        f"ledger: {head.origin}, {head.size} entries, signed by {signers}",
        f"here:   {len(verified.entries)} entries of {len(about.streams)} streams, {whole} of them whole, "
        f"and {len(verified.files)} files",
        f"kept:   {kept}",
        "What this cannot show:",
        "- That there is no other history: who holds key and database can write one. Keep what you verify.",
        "- That nothing else belongs to it: which streams do, and where a period ends, is the issuer's word.",
        *([f"- What {bare} of {runs} gate runs signed: it is not here."] if bare else []),
        *(f"- {word}" for word in about.words),
    ]


def _matter(verified: Verified) -> str:
    """What stands behind the title, which is the issuer's wording."""
    about = verified.description
    if about.period is None:
        return f"{about.kind} {within(about.subject, about.kind, 'id')}"
    first, last = about.period[0], about.period[1] - 1
    at = {entry.index: within(entry.document, "at") for entry in verified.entries}
    return f"entries {first} to {last}, of {at.get(first)} to {at.get(last)}"


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
