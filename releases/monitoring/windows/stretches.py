"""A channel's time cut into stretches: in each one assignment decides who should get what.

Stretches that follow one another with the same stage and shares are one run: a subject counts once in it.
Where nothing is on its way each week is a run of its own, so that whoever comes back is seen again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from governance.registry.models import Channel, Segment
from governance.registry.predicates import Predicate, parse_predicate
from governance.registry.queries import segments_in_force
from releases.bundles.arms import Arm
from releases.bundles.documents import StageKind
from releases.bundles.models import Assignment
from releases.monitoring.vocabulary.series import EPOCH_OF_LIVE, SETTLING, WINDOW, epoch_start


@dataclass(frozen=True, slots=True)
class Stretch:
    """One assignment, or a week of one without a candidate. ``kept`` is what a last stage leaves to its
    control, ``began_at`` when its run began, ``settling`` what may still answer at its start. ``stamps`` are
    the manifest digests of its releases: what an answer in the shadow may name beside the one that decided.
    """

    number: int
    lower: datetime
    upper: datetime | None
    began_at: datetime
    deployment: UUID | None
    frozen_at: datetime | None
    stable: UUID
    candidate: UUID | None
    kept: UUID | None
    stage: str
    treatment_share: float
    control_share: float
    salt: str
    internal_keys: tuple[str, ...]
    settling: tuple[UUID, ...]
    stamps: tuple[str, ...]

    def overlaps(self, lower: datetime, upper: datetime) -> bool:
        """Whether the stretch has a part in [``lower``, ``upper``)."""
        return self.lower < upper and (self.upper is None or self.upper > lower)

    def due(self, arm: Arm) -> UUID:
        """The revision that the arm should get."""
        if arm is Arm.CANDIDATE and self.candidate:
            return self.candidate
        return self.kept if arm is Arm.CONTROL and self.kept else self.stable

    def goes_on_from(self, former: "Stretch") -> bool:
        """Whether it belongs to the run of the one before: the same rollout in the same stage and shares."""
        is_live = self.candidate is None
        return not is_live and former.upper == self.lower and former._run == self._run

    @property
    def _run(self) -> tuple[object, ...]:
        return (
            self.deployment,
            self.candidate,
            self.kept,
            self.stage,
            self.treatment_share,
            self.control_share,
            self.salt,
        )

    def document(self) -> dict[str, Any]:
        """The stretch for the database, which finds the arm of each decision."""
        return {
            "number": self.number,
            "lower": self.lower.isoformat(),
            "upper": self.upper and self.upper.isoformat(),
            "began": self.began_at.isoformat(),
            "deployment": self.deployment and str(self.deployment),
            "stable": str(self.stable),
            "candidate": self.candidate and str(self.candidate),
            "kept": self.kept and str(self.kept),
            "internal": self.stage == StageKind.INTERNAL_TESTING,
            "shadowing": self.stage == StageKind.SHADOW and self.candidate is not None,
            "treatment": self.treatment_share,
            "control": self.control_share,
            "salt": self.salt,
            "keys": list(self.internal_keys),
            "settling": [str(one) for one in self.settling],
            "stamps": list(self.stamps),
        }


def stretches_of(channel: Channel) -> list[Stretch]:
    """All of the channel's, by time, up to now and what a clock that is ahead may call now."""
    rows = Assignment.objects.filter(channel=channel).order_by("period")
    until = timezone.now() + WINDOW
    found: list[Stretch] = []
    for row in rows.annotate(
        frozen_at=F("deployment__revision__frozen_at"),
        stable_stamp=F("stable__manifest_digest"),
        candidate_stamp=F("candidate__manifest_digest"),
        control_stamp=F("control__manifest_digest"),
    ):
        stamps = (row.stable_stamp, row.candidate_stamp, row.control_stamp)
        stretch = _stretch(row, row.frozen_at, tuple(one for one in stamps if one), found)
        found.extend(_by_week(stretch, until))
    return found


def _by_week(stretch: Stretch, until: datetime) -> Iterator[Stretch]:
    """The stretch in its runs: one, or of what alone answers one for each week."""
    last = until if stretch.upper is None else stretch.upper
    while stretch.candidate is None:
        following = epoch_start(stretch.began_at, stretch.lower + EPOCH_OF_LIVE)
        if following >= last:
            break
        yield replace(stretch, upper=following)
        stretch = replace(stretch, number=stretch.number + 1, lower=following, began_at=following)
    yield stretch


def run_at(stretches: Sequence[Stretch], lower: datetime, upper: datetime) -> Stretch | None:
    """The stretch whose run covers [``lower``, ``upper``) whole; None where there is none."""
    inside = [one for one in stretches if one.overlaps(lower, upper)]
    if not inside or inside[0].lower > lower or len({one.began_at for one in inside}) > 1:
        return None
    return inside[-1]


def predicates_of(channel: Channel, stretch: Stretch) -> list[tuple[str, Predicate]]:
    """The segments that count in the stretch: those in force when its deployment's revision was frozen."""
    at = stretch.frozen_at or stretch.began_at
    segments: list[Segment] = segments_in_force(channel.system, at)
    return [(segment.key, parse_predicate(segment.predicate)) for segment in segments]


def _stretch(
    row: Assignment, frozen_at: datetime | None, stamps: tuple[str, ...], before: Sequence[Stretch]
) -> Stretch:
    lower: datetime = row.period.lower
    stretch = Stretch(
        number=len(before),
        lower=lower,
        upper=row.period.upper,
        began_at=lower,
        deployment=row.deployment_id,
        frozen_at=frozen_at,
        stable=row.stable_id,
        candidate=row.candidate_id,
        kept=row.control_id,
        stage=row.stage,
        treatment_share=row.treatment_share,
        control_share=row.control_share,
        salt=row.salt,
        internal_keys=tuple(row.internal_keys),
        settling=_settling(lower, before),
        stamps=stamps,
    )
    if before and stretch.goes_on_from(before[-1]):
        return replace(stretch, began_at=before[-1].began_at)
    return stretch


def _settling(lower: datetime, before: Sequence[Stretch]) -> tuple[UUID, ...]:
    recent = [one for one in before if one.overlaps(lower - SETTLING, lower)]
    named = {side for one in recent for side in (one.stable, one.candidate, one.kept) if side}
    return tuple(sorted(named))
