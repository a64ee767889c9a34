"""The worlds of the release tests, for the pages that show them."""

from tests.releases.conftest import (
    committed,
    committed_world,
    prepared,
    score_directory,
    shared,
)

__all__ = ["committed", "committed_world", "prepared", "score_directory", "shared"]
