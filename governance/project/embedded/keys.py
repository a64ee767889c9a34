"""The signing keys of an installation that nobody has given any."""

import secrets
from pathlib import Path

from governance.ledger.signing import generate_key_file, missing_keys, read_key_file
from governance.project.embedded.directories import write_private


def make_signing_keys(var: Path) -> None:
    """Make ``signing-keys`` in ``var``; one that an earlier version made gets the keys that it lacks.

    Raises:
        KeyFileUnfit: there is a file, and it cannot be used.
    """
    path = var / "signing-keys"
    if not path.exists():
        write_private(path, generate_key_file(f"countersign.local/{secrets.token_hex(4)}"))
    elif missing := missing_keys(read_key_file(path)):
        write_private(path, "\n".join([path.read_text().rstrip("\n"), *missing, ""]))
