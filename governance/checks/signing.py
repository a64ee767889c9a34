"""The system check of the signing keys: says what is missing before somebody relies on a signature."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks

from governance.ledger.keys import key_file, signing_keys
from governance.ledger.signing import PURPOSES, KeyFileUnfit

HINT = (
    "Run manage.py create_signing_key <file> --origin <your domain>/countersign, keep the file outside the "
    "database with mode 0600, set COUNTERSIGN_SIGNING_KEY_FILE to it, and give the verifier key to those who "
    "check."
)


def check_signing_keys(app_configs: Sequence[Any] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """An error for a file that cannot be used, a warning where a purpose has no key.

    Nothing is said where no database is configured: such a process signs nothing.
    """
    if settings.DATABASE_URLS is None:
        return []
    try:
        keys = signing_keys()
    except KeyFileUnfit as unfit:
        return [checks.Error(str(unfit), hint=HINT, id="countersign.E001")]
    missing = [purpose for purpose in PURPOSES if purpose not in {key.purpose for key in keys}]
    where = f"{key_file()} has no key" if keys else "There is no signing key"
    return [
        checks.Warning(f"{where} for {purpose}: they stay unsigned.", hint=HINT, id="countersign.W001")
        for purpose in missing
    ]
