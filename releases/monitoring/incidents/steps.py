"""Steps on incidents, for the verbs of this room, inside their transaction."""

from typing import Any

from governance.ledger.verbs import record
from releases.bundles.steps import lock_release
from releases.monitoring.incidents.models import Incident


def lock_incident(incident: Incident) -> Incident:
    """The incident as it is now, locked, with its channel and release."""
    rows = Incident.objects.select_related("channel__system", "revision__release__system")
    return rows.select_for_update(no_key=True, of=("self",)).get(id=incident.id)


def document(incident: Incident) -> dict[str, Any]:
    """What an entry says of an incident; the evidence stands there by its digest."""
    revision = incident.revision
    return {
        "incident": incident.id,
        "channel": incident.channel_id,
        "kind": incident.kind,
        "status": incident.status,
        "species": incident.species or None,
        "decision": incident.decision,
        "happened_at": incident.happened_at,
        "attribution": incident.attribution,
        "release": revision.release_id if revision else None,
        "revision": incident.revision_id,
        "possible": incident.possible,
        "stage": incident.stage or None,
        "report_due_at": incident.report_due_at,
        "report_filed_at": incident.report_filed_at,
        "report_reference": incident.report_reference or None,
        "evaluation": incident.evaluation_id,
        "missed_by": incident.missed_by or None,
    }


def record_change(
    incident: Incident,
    *,
    before: dict[str, Any] | None = None,
    reason: str = "",
    refs: dict[str, str] | None = None,
) -> None:
    """The verb's entry in the incident's stream, and its consequence in the release's where one is known."""
    after = document(incident)
    if before is not None:
        before = {name: value for name, value in before.items() if value != after[name]}
    record(incident.stream(), before=before, after=after, reason=reason, refs=refs)
    if incident.revision is None:
        return
    release = lock_release(incident.revision.release_id)
    record(release.stream(), after=after, reason=reason, refs=refs)
