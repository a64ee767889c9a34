"""Incidents reported, decided and completed through the real services."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from governance.access.models import Account
from releases.monitoring.incidents.attribution import Named
from releases.monitoring.incidents.following import add_follow_up
from releases.monitoring.incidents.models import FollowUp, Incident
from releases.monitoring.incidents.services import Told, confirm_incident, dismiss_incident, report_incident
from tests.factories.approvals import World
from tests.factories.cast import actor

SEEN = "A printed mask was let in at the front door; the guard kept it."
WHY = "The recording shows the mask."


def suspected(here: World, channel: str = "android", *, by: Account | None = None, **known: Any) -> Incident:
    """A suspected spoof acceptance, by default reported by the reviewer of all channels."""
    told = Told("spoof_acceptance", "suspected", SEEN, Named(**known))
    return report_incident(actor(by or here.cast.security_all), channel=here.cast.channel(channel), told=told)


def confirmed(here: World, channel: str = "android", **known: Any) -> Incident:
    """A confirmed one."""
    found = suspected(here, channel, **known)
    return confirm_incident(actor(here.cast.security_all), incident=found, reason=WHY, species="mask_print")


def dismissed(here: World, channel: str = "android", **known: Any) -> Incident:
    """One that did not happen."""
    found = suspected(here, channel, **known)
    return dismiss_incident(actor(here.cast.security_all), incident=found, reason="It was a test of ours.")


def follow_up(here: World, incident: Incident, *, owner: str = "author", days: float = 3) -> FollowUp:
    """Something to do about the incident."""
    return add_follow_up(
        actor(here.cast.security_all),
        incident=incident,
        text="Collect 40 captures of this mask.",
        owner=owner,
        due_at=timezone.now() + timedelta(days=days),
    )
