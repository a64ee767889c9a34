"""Which keys this installation signs with: read from the file that the settings name, when it changes."""

import logging
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from governance.ledger.signing import KeyFileUnfit, SigningKey, read_key_file

logger = logging.getLogger(__name__)


def key_file() -> Path | None:
    """The key file that the settings name or that ``make up`` and ``make serve`` left; None without one."""
    given: Path | None = settings.SIGNING_KEY_FILE
    if given is not None:
        return given
    made: Path = settings.VAR_DIR / "signing-keys"
    return made if made.exists() else None


def signing_keys() -> tuple[SigningKey, ...]:
    """All keys; none without a file.

    Raises:
        KeyFileUnfit: there is a file, and it cannot be used.
    """
    path = key_file()
    if path is None:
        return ()
    try:
        found = path.stat()
    except OSError as error:
        raise KeyFileUnfit(f"{path} cannot be read: {error}.") from error
    return _read(path, found.st_mtime_ns, found.st_mode)


def keys_for(purpose: str) -> tuple[SigningKey, ...]:
    """The keys of a purpose, the one that has signed longest first: two while the ledger's is rotated.

    Raises:
        KeyFileUnfit: there is a file, and it cannot be used.
    """
    return tuple(key for key in signing_keys() if key.purpose == purpose)


def key_for(purpose: str) -> SigningKey | None:
    """The first of these keys; None without one.

    Raises:
        KeyFileUnfit: there is a file, and it cannot be used.
    """
    return next(iter(keys_for(purpose)), None)


def signing_key(purpose: str) -> SigningKey | None:
    """The key of a purpose. Without one, or with a file that cannot be used, nothing is signed: that is
    logged, shown wherever the signature would be, and named by the system check.
    """
    try:
        return key_for(purpose)
    except KeyFileUnfit as unfit:
        logger.error("nothing is signed: %s", unfit)
        return None


@lru_cache(maxsize=4)
def _read(path: Path, _changed_at: int, _mode: int) -> tuple[SigningKey, ...]:
    return read_key_file(path)
