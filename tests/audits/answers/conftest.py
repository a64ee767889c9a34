"""The worlds of the release tests, for what is answered about them."""

from tests.releases.conftest import prepared, score_directory, shared

__all__ = ["prepared", "score_directory", "shared"]
