"""The witnesses that the settings name: a file of lines ``witness <name> <verifier key> <url>``.

These are the lines of https://c2sp.org/tlog-policy; its other lines may stand beside them and decide nothing
here. The url is the witness's submission prefix: ``/add-checkpoint`` is put behind it.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from governance.ledger.notes import NoteFails, VerifierKey, signed_at, verifier_key, vkey_id
from governance.ledger.signing import COSIGNATURE

OTHER_LINES = ("log", "group", "quorum")


class WitnessesUnfit(Exception):
    """The file of witnesses cannot be used."""


@dataclass(frozen=True, slots=True)
class KnownWitness:
    """A witness: what it is called here, its key, and where it is asked."""

    name: str
    key: VerifierKey
    url: str

    @property
    def id(self) -> str:
        """``<name>+<hash>`` of its key: what rows name it by."""
        return vkey_id(self.key.text())

    def has_cosigned(self, note: str, line: str) -> bool:
        """Whether a stored line, and it alone, is its cosignature of this checkpoint: whoever acts as the
        application can store any.
        """
        try:
            return "\n" not in line and signed_at(f"{note}{line}\n", self.key) > 0
        except NoteFails:
            return False


def known_witnesses() -> list[KnownWitness]:
    """Those of the file that ``COUNTERSIGN_LEDGER_WITNESSES`` names, in its order; none without a file.

    Raises:
        WitnessesUnfit: naming the line.
    """
    path: Path | None = settings.LEDGER_WITNESSES_FILE
    return read_witnesses(path) if path else []


def read_witnesses(path: Path) -> list[KnownWitness]:
    """The witnesses of a file.

    Raises:
        WitnessesUnfit: naming the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise WitnessesUnfit(f"{path} cannot be read: {fault}.") from fault
    found: list[KnownWitness] = []
    for number, line in enumerate(lines, 1):
        words, where = line.split(), f"{path}, line {number}"
        if not words or words[0].startswith("#") or words[0] in OTHER_LINES:
            continue
        one = _witness(words, where)
        if one.name in [other.name for other in found] or one.key.public in [
            other.key.public for other in found
        ]:
            raise WitnessesUnfit(f"{where}: the name or the key of {one.name} stands there twice.")
        found.append(one)
    return found


def _witness(words: list[str], where: str) -> KnownWitness:
    if words[0] != "witness" or len(words) != 4:
        raise WitnessesUnfit(
            f"{where}: found {' '.join(words)[:80]!r}; witness <name> <vkey> <url> is wanted."
        )
    _, name, vkey, url = words
    try:
        key, parts = verifier_key(vkey, COSIGNATURE), urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except NoteFails as fault:
        raise WitnessesUnfit(f"{where}: {fault}") from fault
    except ValueError:  # a port that is none
        is_address = False
    if not is_address or parts.query or parts.fragment or parts.username:
        raise WitnessesUnfit(f"{where}: {url[:80]!r} is no address; https://<host>/<prefix> is wanted.")
    return KnownWitness(name, key, url.rstrip("/"))
