"""A release with much on record in an installation that signs, and dossiers of it."""

from pathlib import Path

import pytest
from pytest_django import Settings

from tests.audits.dossiers.making import Signing
from tests.audits.records.told import told
from tests.factories.approvals import evaluated
from tests.factories.worlds import Prepared
from tests.governance.ledger.reading import let_sign
from tests.releases.conftest import (
    committed,
    committed_world,
    prepared,
    score_directory,
    shared,
    world_urls,
)

__all__ = ["committed", "committed_world", "prepared", "score_directory", "shared", "world_urls"]


@pytest.fixture
def signing(committed: Prepared, tmp_path: Path, settings: Settings) -> Signing:
    """What happened to release ``v1``, in a ledger that is numbered and signed up to now."""
    let_sign(settings, tmp_path)
    evaluated(committed.here.cast, committed.candidate)
    return Signing(told(committed), committed.candidate)
