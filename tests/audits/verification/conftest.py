"""A bench on which both verifiers judge."""

from pathlib import Path

import pytest

from tests.audits.verification.judging import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Dossiers are laid into a directory of this test."""
    return Bench(tmp_path)
