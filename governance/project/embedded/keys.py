"""The signing keys of an installation that nobody has given any."""

import secrets
from pathlib import Path

from governance.ledger.signing import generate_key_file, missing_keys, read_key_file
from governance.project.embedded.directories import write_private

MISSING = (
    "NO SIGNING KEYS: {keys} is missing, and {head} says that something was signed with it. Bring it back "
    "from its backup. If it is lost: manage.py create_signing_key {keys} --origin <as before>, then "
    "two administrators run manage.py replace_ledger_key. Until then nothing is signed."
)


def make_signing_keys(var: Path, head: Path) -> str:
    """Make ``signing-keys`` in ``var``; one that an earlier version made gets the keys that it lacks.

    New ones are not made in the place of some that were lost, which ``head`` tells: what is wrong then is the
    answer, else an empty one.

    Raises:
        KeyFileUnfit: there is a file, and it cannot be used.
    """
    path = var / "signing-keys"
    if not path.exists() and head.exists():
        return MISSING.format(keys=path, head=head)
    if not path.exists():
        write_private(path, generate_key_file(f"countersign.local/{secrets.token_hex(4)}"))
    elif missing := missing_keys(read_key_file(path)):
        write_private(path, "\n".join([path.read_text().rstrip("\n"), *missing, ""]))
    return ""
