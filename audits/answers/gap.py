"""What a gap is, whatever it is about: a live revision, a channel, a system, or the whole installation."""

from dataclasses import dataclass
from datetime import datetime

from audits.answers.field_gaps import FieldGap
from audits.answers.gap_kinds import KINDS, GapKind, KindWords
from governance.registry.models import Channel, System
from releases.bundles.models import Revision
from releases.gates.models import Override
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.incidents.models import Incident
from releases.rollouts.models import Deployment


@dataclass(frozen=True)
class Gap:
    """Something that the record lacks, since when, and what was found instead.

    It is about ``revision`` on these ``channels``; without a revision about the channels, or all of
    ``of_system``; with neither it is about the installation.
    """

    kind: GapKind
    revision: Revision | None
    channels: tuple[Channel, ...]
    since: datetime
    found: str
    override: Override | None = None
    """The override that leaves it open, where one does."""
    field: FieldGap | None = None
    """What the time after the launch left open, where that is it."""
    of_system: System | None = None

    @property
    def system(self) -> System | None:
        """The system that it is about; None for the installation."""
        return self.revision.release.system if self.revision else self.of_system

    @property
    def name(self) -> str:
        """What it is about, in a sentence and to sort by."""
        if self.revision is not None:
            return self.revision.release.name
        return str(self.system) if self.system else "this installation"

    @property
    def owner(self) -> str:
        """Who is to see that it closes: whoever overrode the gate or is named for it, else the author of the
        release; empty where anybody with the role is.
        """
        if self.field is not None:
            return self.field.owner
        if self.override is not None:
            return self.override.given_by_username
        return self.revision.release.owner_username if self.revision else ""

    @property
    def incident(self) -> Incident | None:
        """The incident that it is about, where it is about one."""
        about = self.field.about if self.field else None
        return about if isinstance(about, Incident) else None

    @property
    def drift_review(self) -> DriftReview | None:
        """The review that it is about, where it is about one."""
        about = self.field.about if self.field else None
        return about if isinstance(about, DriftReview) else None

    @property
    def deployment(self) -> Deployment | None:
        """The rollout that it is about, where it is about one."""
        about = self.field.about if self.field else None
        return about if isinstance(about, Deployment) else None

    @property
    def words(self) -> KindWords:
        """What the kind means."""
        return KINDS[self.kind]

    @property
    def key(self) -> str:
        """Its name, the same as long as it is open."""
        own = self.field.key if self.field else ""
        about = self.revision or self.of_system
        return f"{self.kind.value}:{own or (about.pk if about else 'installation')}"
