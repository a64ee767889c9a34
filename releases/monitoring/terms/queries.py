"""Reading the terms of a system's monitoring."""

from governance.registry.models import System
from releases.monitoring.terms.models import MonitoringTerms


def terms_of(system: System) -> MonitoringTerms:
    """The system's terms; the defaults, unsaved, where nobody has set any."""
    found = MonitoringTerms.objects.filter(system=system).first()
    return found or MonitoringTerms(system=system)
