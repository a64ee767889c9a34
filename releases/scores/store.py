"""Where the installation keeps its score files."""

from pathlib import Path

from django.conf import settings

from releases.scores.blobs import BlobStore


def score_store() -> BlobStore:
    """The installation's store of score files, by digest."""
    return BlobStore(Path(settings.SCORE_STORE))
