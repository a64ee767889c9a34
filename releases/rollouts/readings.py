"""What watching found of a deployment, as it is handed to this slice, and what counts as recent.

Rollouts measure nothing themselves: monitoring, which stands above, hands each finding down, and the last
one is kept. An advance uses it, and is refused when it is older than two looks.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.utils.dateparse import parse_datetime

from governance.ledger.canonical import NotCanonical, canonical_bytes, digest_of, plain
from releases.rollouts.models import Deployment, StageReading

LOOKS_EVERY = timedelta(seconds=2)
"""How often the rollouts are looked at."""

RECENT = 2 * LOOKS_EVERY
"""An older reading is no ground for an advance."""

ERRORS_BEFORE_HOLD = 4
"""After so many looks in a row that failed, the rollout is held."""


class CheckState(StrEnum):
    """How a check stands; ``not_evaluated`` stops nothing and proves nothing."""

    DONE = "done"
    WAITING = "waiting"
    FAILED = "failed"
    NOT_EVALUATED = "not_evaluated"


@dataclass(frozen=True)
class Check:
    """One thing that an advance depends on; ``until`` is when waiting ends by itself.

    ``numbers`` are what it was judged by. ``conclusion`` is what of it must come out the same for an approval
    of the stage to stand: the state and, where there are several, of what.
    """

    check: str
    state: CheckState
    sentence: str
    until: datetime | None = None
    key: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def conclusion(self) -> list[str]:
        """Check, key and state: the sentence's numbers grow with every window and conclude nothing."""
        return [self.check, self.key, self.state.value]

    @property
    def weighs(self) -> bool:
        """Whether what it says is evidence for or against the stage, and not only that data are awaited or
        there: a night without decisions takes no approval back."""
        is_said_of_one = bool(self.key) and self.state is CheckState.DONE
        return self.check not in _AWAITED or self.state is CheckState.FAILED or is_said_of_one


_AWAITED = frozenset({"integrity", "triggers"})
"""Checks that wait while nothing is heard, and go on from where they were once something is."""


@dataclass(frozen=True)
class Reading:
    """All that one look found, in the order of the checks.

    ``measured_at`` is when the counts were judged: not at every look, but whenever a window closed.
    """

    stage_number: int
    entered_at: datetime
    read_at: datetime
    measured_at: datetime
    checks: tuple[Check, ...]
    digest: str

    def check(self, name: str) -> tuple[Check, ...]:
        """The checks of a name."""
        return tuple(one for one in self.checks if one.check == name)

    def is_recent(self, at: datetime) -> bool:
        """Whether an advance may rest on it."""
        return at - self.read_at <= RECENT

    @property
    def open_checks(self) -> tuple[Check, ...]:
        """What is not as it should be."""
        return tuple(one for one in self.checks if one.state in {CheckState.WAITING, CheckState.FAILED})

    @property
    def is_shown(self) -> bool:
        """Whether everything that was looked at is as it should be."""
        return not self.open_checks

    def open_among(self, names: Collection[str]) -> tuple[Check, ...]:
        """Those of the named checks that are not as they should be."""
        return tuple(one for one in self.open_checks if one.check in names)


def entered(deployment: Deployment) -> datetime:
    """Since when the present stage shows the candidate."""
    return deployment.stage_entered_at or deployment.started_at


def evidence_digest(
    stage_number: int, entered_at: datetime, conclusions: Sequence[Sequence[str]], after: str = ""
) -> str:
    """The digest of what the checks conclude of this stay in the stage, ``after`` what they concluded before.

    More of the same leaves it as it is: counts grow with every window, and an approval that fell with each of
    them could never be given. Whatever comes out otherwise changes it for good: where a trigger fired and has
    recovered, or a criterion was shown, then not, then again, that is not what was looked at before.
    """
    return digest_of(
        {
            "stage_number": stage_number,
            "entered_at": entered_at,
            "conclusions": [list(one) for one in conclusions],
            **({"after": after} if after else {}),
        }
    )


def reading_of(
    deployment: Deployment, checks: Sequence[Check], *, read_at: datetime, measured_at: datetime
) -> Reading:
    """The reading of a deployment in its present stage."""
    since, before = entered(deployment), last_reading(deployment)
    found = _conclusions(checks)
    if before is not None and _conclusions(before.checks) == found:
        digest = before.digest
    else:
        after = before.digest if before else ""
        digest = evidence_digest(deployment.stage_number, since, found, after)
    return Reading(deployment.stage_number, since, read_at, measured_at, tuple(checks), digest)


def _conclusions(checks: Sequence[Check]) -> list[list[str]]:
    return [one.conclusion for one in checks if one.weighs]


def last_reading(deployment: Deployment) -> Reading | None:
    """What was found last, if it is about the present stay in the present stage."""
    row: StageReading | None = getattr(deployment, "reading", None)
    if row is None or row.measured_at is None or not row.checks:
        return None
    if (row.stage_number, row.entered_at) != (deployment.stage_number, entered(deployment)):
        return None
    checks = tuple(_check(one) for one in row.checks)
    return Reading(row.stage_number, row.entered_at, row.read_at, row.measured_at, checks, row.digest)


def _check(stored: dict[str, Any]) -> Check:
    until = parse_datetime(stored["until"]) if stored.get("until") else None
    return Check(**{**stored, "state": CheckState(stored["state"]), "until": until})


def keep_reading(deployment: Deployment, reading: Reading) -> None:
    """Keep what a look found in place of what the one before found. It is no evidence, so no verb."""
    found: dict[str, Any] = {
        "stage_number": reading.stage_number,
        "entered_at": reading.entered_at,
        "read_at": reading.read_at,
        "measured_at": reading.measured_at,
        "checks": [plain(asdict(one)) for one in reading.checks],
        "digest": reading.digest,
        "errors": 0,
        "error": "",
    }
    if not StageReading.objects.filter(deployment=deployment).update(**found):
        StageReading.objects.update_or_create(deployment=deployment, defaults=found)


def keep_failure(deployment: Deployment, error: str) -> int:
    """Keep that a look failed; what the last good one found grows old. Answers how many failed in a row."""
    row, _ = StageReading.objects.get_or_create(
        deployment=deployment,
        defaults={
            "stage_number": deployment.stage_number,
            "entered_at": entered(deployment),
            "read_at": entered(deployment),
        },
    )
    row.errors, row.error = row.errors + 1, error[:2000]
    row.save(update_fields=["errors", "error"])
    return row.errors


def document_of(reading: Reading) -> dict[str, Any]:
    """What an entry says of the reading that an act rests on; the digest stands for all of it."""
    ranked = sorted(enumerate(reading.checks), key=lambda pair: pair[1].state is CheckState.DONE)
    places = [place for place, _ in ranked[:MOST_NAMED]]
    said = fitting([(_named(one), _said(one)) for _, one in ranked[:MOST_NAMED]], ROOM_FOR_CHECKS)
    document = {
        "digest": reading.digest,
        "read_at": reading.read_at,
        "measured_at": reading.measured_at,
        "checks": [one for _, one in sorted(zip(places, said, strict=True), key=lambda pair: pair[0])],
    }
    left = len(ranked) - len(places)
    return {**document, "more_checks": left} if left else document


ROOM_FOR_CHECKS = 10 * 1024
MOST_NAMED = 100
"""An entry holds 32 KiB and must be written however much a plan asks for: what is open is said first."""


def fitting(documents: Sequence[tuple[dict[str, Any], dict[str, Any]]], room: int) -> list[dict[str, Any]]:
    """Of pairs of what names a thing and what more is said of it, all that there are ``room`` bytes for; the
    rest, and what cannot stand in an entry, only named."""
    found = []
    for named, more in documents:
        try:
            size = len(canonical_bytes(plain({**named, **more})))
        except NotCanonical:
            size = room + 1
        found.append({**named, **more} if size <= room else named)
        room -= size if size <= room else 0
    return found


def _named(check: Check) -> dict[str, Any]:
    return {"check": check.check, "key": check.key, "state": check.state}


def _said(check: Check) -> dict[str, Any]:
    return {"sentence": check.sentence, **({"numbers": check.numbers} if check.numbers else {})}
