"""Changing the key file beside the integrator: a new key below the old one, and the old one taken out."""

import os
from pathlib import Path

from django.core.management.base import CommandError

from governance.ledger.keys import key_file
from governance.ledger.signing import LEDGER, KeyFileUnfit, SigningKey, generate_key, read_key_file


def ledger_keys_in_file() -> tuple[Path, list[SigningKey]]:
    """The key file and its keys of the ledger, the old one first.

    Raises:
        CommandError: there is no file that can be used, or it holds no key of the ledger.
    """
    path = key_file()
    if path is None:
        raise CommandError(
            "There is no key file. Run this on the host of the integrator, or make one: manage.py "
            "create_signing_key; COUNTERSIGN_SIGNING_KEY_FILE names it."
        )
    try:
        keys = [key for key in read_key_file(path) if key.purpose == LEDGER]
    except KeyFileUnfit as unfit:
        raise CommandError(str(unfit)) from unfit
    if not keys:
        raise CommandError(f"{path} holds no key of the ledger.")
    return path, keys


def add_key(path: Path, old: SigningKey) -> SigningKey:
    """Write a new key of the same name below the others; it is on disk afterwards."""
    new = generate_key(old.name)
    _write(path, "\n".join([path.read_text(encoding="ascii").rstrip("\n"), new.text(), ""]))
    return new


def take_out(path: Path, old: SigningKey) -> None:
    """Remove a private key, and leave a line that says which one stood there."""
    lines = path.read_text(encoding="ascii").splitlines()
    kept = [f"# {old.id} was retired." if line.strip() == old.text() else line for line in lines]
    _write(path, "\n".join([*kept, ""]))


def _write(path: Path, text: str) -> None:
    """Replace the file as a whole: whoever reads it meanwhile sees the old or the new one."""
    path = path.resolve()
    beside = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            # Whoever types this may be another than the integrator, which must go on reading it.
            os.fchown(file.fileno(), path.stat().st_uid, path.stat().st_gid)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error}. Nothing was changed.") from error
