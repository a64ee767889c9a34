"""What fires by the record, for a look that cannot evaluate the triggers.

A trigger that fired before goes on asking for its act until an evaluation says otherwise: that the database
or one trigger fails now is no reason to leave a bad release where it is.
"""

from datetime import datetime

from django.db.models import Q

from releases.monitoring.triggers.models import TriggerStatus
from releases.monitoring.triggers.queries import (
    ended_override_of,
    listed_triggers,
    override_of,
    shown_sentence,
)
from releases.monitoring.triggers.vocabulary import Action, Evaluated, Firing, Mode
from releases.rollouts.models import Deployment
from releases.rollouts.stages import legible_step, written_triggers


def standing_firings(deployment: Deployment, at: datetime) -> Evaluated:
    """The triggers in force that ask for an act by their last change, and that nobody overrode."""
    written = written_triggers(deployment.revision)
    modes = {one["key"]: Mode(one.get("mode", Mode.ENFORCE)) for one in written}
    rows = listed_triggers().filter(_in_force(deployment), deployment=deployment, key__in=modes)
    asking = rows.filter(action__in=[Action.ROLLBACK, Action.HOLD]).order_by("key", "segment")
    found = [(override_of(row, at), _firing(row, modes[row.key], at)) for row in asking]
    return Evaluated(
        at,
        tuple(firing for past, firing in found if past is None),
        overridden=tuple(firing for past, firing in found if past is not None),
    )


def _in_force(deployment: Deployment) -> Q:
    """By the plan; where that is what cannot be read, those that changed last in the present stage."""
    step = legible_step(deployment)
    return Q(key__in=step.stage.triggers) if step else Q(stage_number=deployment.stage_number)


def _firing(row: TriggerStatus, mode: Mode, at: datetime) -> Firing:
    ended = ended_override_of(row, at)
    return Firing(
        key=row.key,
        segment=row.segment,
        action=Action(row.action),
        mode=mode,
        sentence=shown_sentence(row),
        evidence=row.evidence,
        digest=row.evidence_digest,
        since=row.fired_at or row.since,
        latched=row.latched,
        trigger=row.pk,
        after_override=ended.pk if ended else None,
    )
