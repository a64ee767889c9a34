"""What fires by the record, for a look that cannot evaluate the triggers.

A trigger that fired before goes on asking for its act until an evaluation says otherwise: that the database
or one trigger fails now is no reason to leave a bad release where it is.
"""

from datetime import datetime

from releases.bundles.triggers import measured_triggers
from releases.monitoring.triggers.models import TriggerStatus
from releases.monitoring.triggers.queries import listed_triggers, override_of, shown_sentence
from releases.monitoring.triggers.vocabulary import Action, Evaluated, Firing, Mode
from releases.rollouts.models import Deployment
from releases.rollouts.stages import current_step


def standing_firings(deployment: Deployment, at: datetime) -> Evaluated:
    """The triggers in force that ask for an act by their last change, and that nobody overrode."""
    in_force = set(current_step(deployment).stage.triggers)
    modes = {one.key: Mode(one.mode) for one in measured_triggers(deployment.revision.rollback_plan)}
    rows = listed_triggers().filter(deployment=deployment, key__in=in_force & set(modes))
    asking = rows.filter(action__in=[Action.ROLLBACK, Action.HOLD]).order_by("key", "segment")
    return Evaluated(at, tuple(_firing(row, modes[row.key]) for row in asking if not override_of(row, at)))


def _firing(row: TriggerStatus, mode: Mode) -> Firing:
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
    )
