"""The pattern of attacks: species that were met in the field, beside those that the gate looked at."""

from collections import Counter
from datetime import datetime

from django.db.models import Q

from releases.gates.models import GateEvaluation
from releases.monitoring.drift.measure import Measure, Row
from releases.monitoring.drift.references import evaluation_of
from releases.monitoring.incidents.models import Incident, IncidentStatus
from releases.rollouts.models import Deployment

UNNAMED = "species not named"


def attack_measure(deployment: Deployment, *, since: datetime, until: datetime) -> Measure:
    """Confirmed attacks of the period by species; it moved where one is of a species that no gate looked at.

    Rows hold each species' share of the incidents. Counts of incidents are too small for a test, and each
    is one too many, so none is made.
    """
    decided = Q(revision=deployment.revision_id)
    rows = Incident.objects.filter(
        decided,
        channel=deployment.channel_id,
        status=IncidentStatus.CONFIRMED,
        happened_at__gte=since,
        happened_at__lt=until,
    )
    found = Counter(name or UNNAMED for name in rows.values_list("species", flat=True))
    evaluation = evaluation_of(deployment)
    known = species_of(evaluation) if evaluation else frozenset()
    new = sorted(name for name in found if name != UNNAMED and name not in known)
    total = sum(found.values())
    return Measure(
        key="attacks",
        title="Attack pattern",
        against="the species of its gate" if evaluation else "nothing: no gate stands behind it",
        moved=bool(new),
        people=total,
        rows=tuple(Row(name, None, count / total) for name, count in found.most_common()),
        also=_said(total, new, "the gate did not look" if evaluation else "no gate looked"),
    )


def _said(total: int, new: list[str], nobody: str) -> str:
    if not total:
        return "No attack was confirmed in this period."
    many = "attack was" if total == 1 else "attacks were"
    if not new:
        return f"{total} {many} confirmed, none of a species that the gate did not look at."
    return f"{total} {many} confirmed; {nobody} at {', '.join(new)}."


def species_of(evaluation: GateEvaluation) -> frozenset[str]:
    """Species that a criterion of the evaluation judged."""
    return frozenset(
        str(line["stratum"]["species"])
        for criterion in evaluation.result.get("criteria", [])
        for line in criterion.get("strata", [])
        if isinstance(line.get("stratum"), dict) and line["stratum"].get("species")
    )
