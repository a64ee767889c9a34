"""What tests of upgrades share: the role that migrates."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connections


@contextmanager
def as_owner() -> Iterator[None]:
    """Connect as the role that migrates."""
    configuration = connections["default"].settings_dict
    before = configuration["USER"]
    connections.close_all()
    configuration["USER"] = settings.DATABASE_ROLE_NAMES["owner"]
    try:
        yield
    finally:
        connections.close_all()
        configuration["USER"] = before
