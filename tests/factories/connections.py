"""Connections that stay open from test to test.

A fresh connection costs PostgreSQL more than most tests do, since it knows no table yet. So whatever test
works in a database that many share, in a transaction that is rolled back, takes the same connection.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

_kept: dict[str, BaseDatabaseWrapper] = {}


@contextmanager
def kept_connection(name: str) -> Iterator[None]:
    """Django uses the database ``name`` until the block ends, and then what it used before."""
    usual = connections["default"]
    kept = _kept.get(name)
    if kept is None:
        kept = _kept[name] = usual.copy()
        kept.settings_dict["NAME"] = name
    elif kept.connection is not None and not kept.is_usable():
        kept.close()
    configuration = connections.settings["default"]
    before, configuration["NAME"] = configuration["NAME"], name
    connections["default"] = kept
    try:
        yield
    finally:
        connections["default"] = usual
        configuration["NAME"] = before


def let_go(*names: str) -> None:
    """Close the connections kept to these databases, by default all: one is copied or the run ends."""
    for name in names or tuple(_kept):
        if name in _kept:
            _kept.pop(name).close()
