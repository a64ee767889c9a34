"""An engine without a database, for commands that need none; any query explains how to get one."""

from typing import Any, NoReturn

from django.db import OperationalError
from django.db.backends.dummy import base as dummy


def _explain(*_args: Any, **_kwargs: Any) -> NoReturn:
    raise OperationalError(
        "No database: `make up` (or `make serve`) is not running here and DATABASE_URL is not set. "
        "Run `make up` first, or set DATABASE_URL, DATABASE_OWNER_URL and DATABASE_INTEGRATOR_URL."
    )


class DatabaseOperations(dummy.DatabaseOperations):
    """Django's placeholder, with our words."""

    quote_name = _explain


class DatabaseWrapper(dummy.DatabaseWrapper):
    """Django's placeholder connection, with our words where it would say only "improperly configured"."""

    ops_class = DatabaseOperations
    ensure_connection = _explain
    _cursor = _explain
    _commit = _explain
    _rollback = _explain
