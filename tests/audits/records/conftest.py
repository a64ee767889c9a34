"""The worlds of the releases, and the history of one of them."""

import pytest

from tests.audits.records.told import Told, told
from tests.factories.worlds import Prepared
from tests.releases.conftest import committed, committed_world, prepared, score_directory, shared

__all__ = ["committed", "committed_world", "prepared", "score_directory", "shared"]


@pytest.fixture
def history(prepared: Prepared) -> Told:
    """What happened to release ``v1`` until it was taken back."""
    return told(prepared)
