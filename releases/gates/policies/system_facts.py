"""What a system has that a policy can name: segments, channels, species, releases that served, datasets."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from governance.registry.models import Channel, ComponentVersion, System
from governance.registry.queries import segments_in_force
from releases.bundles.models import Assignment, Release, Revision
from releases.bundles.queries import assignments_at
from releases.scores.models import ScoreTable

NEWEST_TABLES = 10
MOST_SPECIES = 200

Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SystemFacts:
    """Pairs of what is stored and what people read; ``protected`` names segments, ``live`` is a release."""

    segments: Choices
    protected: tuple[str, ...]
    channels: Choices
    species: tuple[str, ...]
    references: Choices
    datasets: Choices
    live: str | None
    has_served: bool


def facts_of(system: System) -> SystemFacts:
    """All of it, as it is now."""
    segments = segments_in_force(system)
    live = assignments_at().filter(channel__system=system).order_by("channel__name").first()
    channels = Channel.objects.filter(system=system).order_by("name").values_list("name", flat=True)
    return SystemFacts(
        segments=tuple(
            (one.key, f"{one.title} (protected)" if one.protected else one.title) for one in segments
        ),
        protected=tuple(one.key for one in segments if one.protected),
        channels=tuple((name, name) for name in channels),
        species=_species(system),
        references=_references(system),
        datasets=tuple((one.digest, str(one)) for one in test_datasets(system)),
        live=str(live.stable.release_id) if live else None,
        has_served=has_served(system),
    )


def has_served(system: System) -> bool:
    """Whether anything of the system was ever live."""
    return Assignment.objects.filter(channel__system=system).exists()


def _references(system: System) -> Choices:
    """Releases that a policy may pin: those that were adopted or served."""
    served = Assignment.objects.filter(channel__system=system).values("stable_id")
    known = Revision.objects.filter(Q(adopted=True) | Q(id__in=served), release__system=system)
    rows = Release.objects.filter(id__in=known.values("release_id")).order_by("name")
    return tuple((str(row.id), row.name) for row in rows)


def _species(system: System) -> tuple[str, ...]:
    """Species of the newest score tables, as an import counted them."""
    tables: Any = ScoreTable.objects.filter(system=system).order_by("-imported_at")
    counts = tables.values_list("counts__species", flat=True)[:NEWEST_TABLES]
    named = dict.fromkeys(name for one in counts if isinstance(one, dict) for name in one if name)
    return tuple(sorted(named))[:MOST_SPECIES]


def test_datasets(system: System) -> QuerySet[ComponentVersion]:
    """Datasets that a gate can look at."""
    rows = ComponentVersion.objects.filter(system=system, kind="dataset", attributes__role="test")
    return rows.order_by("name", "version")
