"""Replays many decisions: what they share is read once for each revision and set of segments.

A decision on which the arithmetic breaks is one that cannot be replayed, and says so: it stops no other.
"""

import logging
from collections import defaultdict
from uuid import UUID

from governance.registry.models import Segment
from releases.bundles.models import Slot
from releases.monitoring.decisions.models import Decision
from releases.monitoring.replaying.queries import Policy, policy_of, replayed
from releases.monitoring.replaying.replay import Replay

logger = logging.getLogger(__name__)

UNKNOWN_STAMP = "cannot be replayed: no release of this system has the digest of the stamp."


class Replayer:
    """Recomputes decisions that come with channel; reads slots and segments as they are asked for."""

    def __init__(self) -> None:
        self._slots: dict[UUID, list[Slot]] = {}
        self._segments: dict[UUID, dict[str, list[Segment]]] = {}
        self._policies: dict[tuple[UUID, tuple[UUID, ...]], Policy] = {}

    def replay(self, decision: Decision) -> Replay:
        """The decision recomputed with what was in force when it was made."""
        if decision.revision_id is None:
            return Replay(problem=UNKNOWN_STAMP)
        segments = self._segments_at(decision)
        key = (decision.revision_id, tuple(one.id for one in segments))
        if key not in self._policies:
            self._policies[key] = policy_of(self._slots_of(decision.revision_id), segments)
        try:
            return replayed(decision, self._policies[key])
        except Exception as error:
            logger.exception("the decision %s could not be replayed", decision.id)
            return Replay(problem=f"cannot be replayed: it ended with an error ({type(error).__name__}).")

    def _slots_of(self, revision_id: UUID) -> list[Slot]:
        if revision_id not in self._slots:
            rows = Slot.objects.filter(revision=revision_id).select_related("component")
            self._slots[revision_id] = list(rows.order_by("slot", "channel__name", "role"))
        return self._slots[revision_id]

    def _segments_at(self, decision: Decision) -> list[Segment]:
        """The newest version of each segment defined by then, as ``segments_in_force`` reads them."""
        system = decision.channel.system_id
        if system not in self._segments:
            versions: dict[str, list[Segment]] = defaultdict(list)
            for row in Segment.objects.filter(system=system).order_by("key", "-version"):
                versions[row.key].append(row)
            self._segments[system] = versions
        found = (
            next((one for one in rows if one.defined_at <= decision.at), None)
            for rows in self._segments[system].values()
        )
        return [one for one in found if one is not None]
