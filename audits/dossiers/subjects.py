"""What a dossier can be asked for."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from audits.dossiers.models import DossierKind
from audits.dossiers.queries import reading_scope
from governance.access.scopes import INSTALLATION, AccessScope
from governance.actors import Actor
from governance.errors import invalid
from governance.ledger.canonical import format_time
from governance.registry.models import System
from releases.bundles.models import Release
from releases.monitoring.decisions.models import Decision


@dataclass(frozen=True)
class Subject:
    """What a dossier is asked for: exactly one of the three."""

    release: Release | None = None
    decision: Decision | None = None
    period: tuple[datetime, datetime] | None = None

    @property
    def kind(self) -> DossierKind:
        """Which of the three.

        Raises:
            InvalidInput: none, or more than one.
        """
        given = [DossierKind(name) for name in DossierKind.values if getattr(self, name) is not None]
        if len(given) != 1:
            raise invalid("release", "give exactly one of release, decision and period.")
        return given[0]

    @property
    def system(self) -> System | None:
        """The system that it is of; None for a period."""
        if self.release is not None:
            return self.release.system
        return self.decision.channel.system if self.decision is not None else None

    def scope(self, actor: Actor) -> AccessScope:
        """Where the actor must be an auditor."""
        if self.release is not None:
            touched = self.release.revisions.order_by().values_list("channels", flat=True)
            return reading_scope(actor, self.release.system_id, touched)
        if self.decision is not None:
            channel = self.decision.channel
            return reading_scope(actor, channel.system_id, [channel.id])
        return INSTALLATION

    def document(self) -> dict[str, Any]:
        """Ids and names as they are now."""
        if self.release is not None:
            return _about_release(self.release)
        if self.decision is not None:
            return _about_decision(self.decision)
        if self.period is None:
            raise invalid("release", "give exactly one of release, decision and period.")
        start, end = (one.astimezone(UTC) for one in self.period)
        return {
            "title": f"all entries from {_spelled(start)} to {_spelled(end)} UTC",
            "period": {"from": format_time(start), "to": format_time(end)},
        }


def _spelled(at: datetime) -> str:
    """``20 November 2026, 00:00``; seconds where they are not zero: it never tells of another time."""
    rest = f"{at:.%f}".rstrip("0") if at.microsecond else ""
    return f"{at:%-d %B %Y, %H:%M}" + (f":{at:%S}{rest}" if at.second or rest else "")


def _about_release(release: Release) -> dict[str, Any]:
    return {
        "title": f"release {release.name} of {release.system.slug}",
        "release": {"id": str(release.id), "name": release.name},
        "system": {"id": str(release.system_id), "slug": release.system.slug},
    }


def _about_decision(decision: Decision) -> dict[str, Any]:
    channel = decision.channel
    return {
        "title": f"decision {decision.id} of {channel.system.slug}",
        "decision": {"id": str(decision.id), "at": format_time(decision.at)},
        "channel": {"id": str(channel.id), "name": channel.name},
        "system": {"id": str(channel.system_id), "slug": channel.system.slug},
    }
