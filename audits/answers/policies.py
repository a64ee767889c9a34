"""What the gate policies in force ask for, as far as gaps depend on it; read in one query."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from releases.gates.models import GatePolicy, PolicyState


@dataclass(frozen=True)
class Policies:
    """By system that has a policy in force, its criteria: kind and specification."""

    criteria: dict[UUID, list[tuple[str, dict[str, Any]]]]

    def attestation_days(self, system: UUID, kind: str) -> float | None:
        """How many days old a review of the kind may be; None where nothing limits it."""
        specs = (spec for of, spec in self.criteria.get(system, ()) if of == "attestation")
        days = [spec.get("max_age_days") for spec in specs if spec.get("attestation") == kind]
        return days[0] if days else None

    def drill_days(self, system: UUID) -> float | None:
        """How many days ago the way back may have been rehearsed; None where nothing limits it."""
        asked = (spec.get("max_drill_age_days") for _, spec in self.criteria.get(system, ()))
        return min((days for days in asked if days), default=None)


def policies_of(systems: Iterable[UUID]) -> Policies:
    """The policies in force of these systems."""
    rows = GatePolicy.objects.filter(
        system__in=set(systems), state=PolicyState.LOCKED, in_force_until__isnull=True
    )
    found: dict[UUID, list[tuple[str, dict[str, Any]]]] = {}
    for system, kind, spec in rows.order_by("system").values_list(
        "system_id", "criteria__kind", "criteria__spec"
    ):
        own = found.setdefault(system, [])
        if kind is not None:
            own.append((kind, spec))
    return Policies(found)
