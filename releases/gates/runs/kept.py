"""Computed criteria that are kept: written once under the digest of what they depend on, checked when read.

No evidence: an evaluation holds its own copy of every figure. A row that is damaged, or that another version
of the code wrote, is as good as none; the criterion is then computed again.
"""

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from django.utils import timezone

from governance.ledger.canonical import NotCanonical, digest_of
from releases.gates.models import CriterionResult

logger = logging.getLogger(__name__)

Documents = Mapping[str, Any]


class Kept(Protocol):
    """Where computed criteria are looked for, and put."""

    def found(self, key: str) -> dict[str, Any] | None:
        """What was kept under the key, if it is whole."""

    def keep(self, key: str, document: dict[str, Any]) -> None:
        """Keep it; a second time changes nothing."""


class NothingKept:
    """Every criterion is computed."""

    def found(self, key: str) -> dict[str, Any] | None:
        """Nothing."""
        return None

    def keep(self, key: str, document: dict[str, Any]) -> None:
        """Nothing."""


class KeptResults:
    """The table of kept results: any number of workers write the same row once."""

    def found(self, key: str) -> dict[str, Any] | None:
        """The row's document, if its digest is still that of what was written."""
        row = CriterionResult.objects.filter(key=key).first()
        if row is None:
            return None
        if _digest(row.document) != row.digest:
            logger.error("the kept result %s is damaged; the criterion is computed again", key)
            return None
        document: dict[str, Any] = row.document
        return document

    def keep(self, key: str, document: dict[str, Any]) -> None:
        """Insert, or leave what another worker inserted first."""
        row = CriterionResult(
            key=key, document=document, digest=digest_of(document), computed_at=timezone.now()
        )
        CriterionResult.objects.bulk_create([row], ignore_conflicts=True)


def _digest(document: Any) -> str:
    try:
        return digest_of(document)
    except NotCanonical:
        return ""
