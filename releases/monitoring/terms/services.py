"""The verb that sets what a system asks of its monitoring."""

from dataclasses import asdict, dataclass
from typing import Any

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import invalid
from governance.ledger.verbs import record, verb
from governance.registry.models import System
from releases.monitoring.terms.models import LEAST_REPLAY_RATE, MonitoringTerms
from releases.monitoring.terms.queries import terms_of

LONGEST_HOURS = 90 * 24
LONGEST_DAYS = 3650
MOST_REVIEWS = 20
MOST_ATTRIBUTES = 20
LONGEST_NAME = 200


@dataclass(frozen=True)
class Wanted:
    """The terms as they are to be, all of them."""

    report_within_hours: int
    replay_rate: float
    review_days: tuple[int, ...]
    review_every_days: int
    mix_attributes: tuple[str, ...]
    quality_attribute: str


@verb("monitoring_terms.set")
def set_terms(actor: Actor, *, system: System, wanted: Wanted, reason: str) -> MonitoringTerms:
    """Set the terms of the system from now on; what is planned or due already stays as it is.

    Raises:
        InvalidInput: a field does not fit, or there is no reason.
    """
    require(actor, Permission.SET_MONITORING, system)
    _check(wanted, reason)
    system = System.objects.select_for_update(no_key=True).get(id=system.id)
    terms = terms_of(system)
    before = _document(terms)
    for name, value in asdict(wanted).items():
        setattr(terms, name, list(value) if isinstance(value, tuple) else value)
    terms.set_at = moment()
    terms.set_by_username = actor.username
    terms.save()
    record(system.stream(), before=before, after=_document(terms), reason=reason)
    return terms


def _document(terms: MonitoringTerms) -> dict[str, Any]:
    return {
        "report_within_hours": terms.report_within_hours,
        "replay_rate": terms.replay_rate,
        "review_days": terms.review_days,
        "review_every_days": terms.review_every_days,
        "mix_attributes": terms.mix_attributes,
        "quality_attribute": terms.quality_attribute,
    }


def _check(wanted: Wanted, reason: str) -> None:
    if not reason.strip():
        raise invalid("reason", "say why the terms change.")
    if not 1 <= wanted.report_within_hours <= LONGEST_HOURS:
        raise invalid("report_within_hours", f"between 1 and {LONGEST_HOURS} hours.")
    if not LEAST_REPLAY_RATE <= wanted.replay_rate <= 1:
        raise invalid("replay_rate", f"between {LEAST_REPLAY_RATE} and 1: it cannot be switched off.")
    _check_reviews(wanted)
    names = (*wanted.mix_attributes, wanted.quality_attribute)
    if len(names) > MOST_ATTRIBUTES or any(not 1 <= len(name) <= LONGEST_NAME for name in names):
        raise invalid(
            "mix_attributes", f"at most {MOST_ATTRIBUTES} names of 1 to {LONGEST_NAME} characters each."
        )


def _check_reviews(wanted: Wanted) -> None:
    days = wanted.review_days
    if not 1 <= len(days) <= MOST_REVIEWS or list(days) != sorted(set(days)):
        raise invalid("review_days", f"1 to {MOST_REVIEWS} days after the launch, each once and rising.")
    if days[0] < 1 or days[-1] > LONGEST_DAYS:
        raise invalid("review_days", f"each between 1 and {LONGEST_DAYS} days after the launch.")
    if not 1 <= wanted.review_every_days <= LONGEST_DAYS:
        raise invalid("review_every_days", f"between 1 and {LONGEST_DAYS} days.")
