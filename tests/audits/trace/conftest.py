"""The worlds of the releases, and a guarded rollout in one of them."""

import pytest

from tests.audits.trace.decisions import Guarded, guarded
from tests.factories.worlds import Prepared
from tests.releases.conftest import prepared, score_directory, shared

__all__ = ["prepared", "score_directory", "shared"]


@pytest.fixture
def rollout(prepared: Prepared) -> Guarded:
    """A candidate in its guarded stage on android."""
    return guarded(prepared)
