"""A channel's time cut into stretches: in each one assignment decides who should get what.

Stretches that follow one another with the same stage and shares are one run: a subject counts once in it. A
pause is a run of its own, and so is the stay in the stage after it; there everybody is counted twice over:
once in the stay, whose people and split begin anew, and once in the stage, whose evidence goes on and holds
nobody twice. Where nothing is on its way each week is a run, so that whoever comes back is seen again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, F, Q, QuerySet, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce
from django.utils import timezone

from governance.registry.models import Channel, Segment
from governance.registry.predicates import Predicate, parse_predicate
from governance.registry.queries import segments_in_force
from releases.bundles.arms import Arm
from releases.bundles.documents import StageKind
from releases.bundles.models import Assignment
from releases.bundles.sealed import spans, with_serves
from releases.monitoring.vocabulary.series import EPOCH_OF_LIVE, SETTLING, WINDOW, epoch_start
from releases.rollouts.models import Deployment


@dataclass(frozen=True, slots=True)
class Stretch:
    """One assignment, or a week of one without a candidate. ``kept`` is what a last stage leaves to its
    control, ``began_at`` when its run began, ``stage_began_at`` when the first stay in the stage did,
    ``settling`` what may still answer at its start. ``stamps`` are the manifest digests of its releases: what
    an answer in the shadow may name beside the one that decided.
    """

    number: int
    lower: datetime
    upper: datetime | None
    began_at: datetime
    stage_began_at: datetime
    deployment: UUID | None
    frozen_at: datetime | None
    stable: UUID
    candidate: UUID | None
    kept: UUID | None
    stage: str
    stage_number: int
    paused: bool
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
        return former.upper == self.lower and self.is_of_stage_of(former)

    def is_of_stage_of(self, former: "Stretch") -> bool:
        """Whether both show the same rollout in the same stage and shares, or both pause it there."""
        return self.candidate is not None and former._run == self._run

    @property
    def is_again(self) -> bool:
        """Whether it is there once more, in the run of the whole stage."""
        return self.number < 0

    @property
    def runs(self) -> tuple["Stretch", ...]:
        """The stretch in each run in which its people are counted."""
        if self.stage_began_at == self.began_at:
            return (self,)
        return (self, replace(self, number=-1 - self.number, began_at=self.stage_began_at))

    @property
    def _run(self) -> tuple[object, ...]:
        return (
            self.deployment,
            self.candidate,
            self.kept,
            self.stage,
            self.stage_number,
            self.paused,
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


@dataclass(frozen=True, slots=True)
class Runs:
    """When what a deployment was assigned began: its ``pauses``, and the ``stays`` in each of its stages by
    their numbers, the first one first."""

    pauses: tuple[datetime, ...] = ()
    stays: Mapping[int, tuple[datetime, ...]] = field(default_factory=dict)

    @property
    def again(self) -> dict[datetime, datetime]:
        """The stays that follow a pause, with when their stage began."""
        return {lower: stays[0] for stays in self.stays.values() for lower in stays[1:]}


NO_RUNS = Runs()


def runs_of(deployment: Deployment) -> Runs:
    """The stays in the deployment's stages, and its pauses."""
    pauses: list[datetime] = []
    stays: dict[int, tuple[datetime, ...]] = {}
    for row, lower, _ in _served(deployment.channel_id, since=deployment.started_at):
        if row.deployment_id != deployment.pk or row.candidate_id != deployment.revision_id:
            continue
        if _is_pause(row):
            pauses.append(lower)
        else:
            stays[row.stage_number] = (*stays.get(row.stage_number, ()), lower)
    return Runs(tuple(pauses), stays)


def _with_words(rows: QuerySet[Assignment]) -> QuerySet[Assignment]:
    """With what the entry says of those that may be an old pause: before 0012 one of a shadow stage looked
    like the stage, and only its entry said so."""
    shadow = Q(stage=StageKind.SHADOW, candidate__isnull=False, paused=False)
    nothing = Value("", output_field=TextField())
    said = Coalesce(KeyTextTransform("reason", "entry__document"), nothing)
    return rows.annotate(said=Case(When(shadow, then=said), default=nothing))


def _is_pause(row: Any) -> bool:
    return bool(row.is_pause or row.said.startswith("Paused: "))


def stretches_of(channel: Channel) -> list[Stretch]:
    """All of the channel's, by time, up to now and what a clock that is ahead may call now."""
    until = timezone.now() + WINDOW
    found: list[Stretch] = []
    for row, lower, upper in _served(channel.id):
        found.extend(_by_week(_stretch(row, lower, upper, found), until))
    return found


def _served(channel: UUID, since: datetime | None = None) -> list[tuple[Any, datetime, datetime | None]]:
    """The channel's assignments that served, with from when to when, and with what stretches are made of; of
    those that were made since then, if a time is given."""
    rows = _with_words(with_serves(Assignment.objects.filter(channel=channel))).order_by("period")
    if since is not None:
        rows = rows.filter(period__startswith__gte=since)
    return spans(
        rows.annotate(
            frozen_at=F("deployment__revision__frozen_at"),
            stable_stamp=F("stable__manifest_digest"),
            candidate_stamp=F("candidate__manifest_digest"),
            control_stamp=F("control__manifest_digest"),
        )
    )


def _by_week(stretch: Stretch, until: datetime) -> Iterator[Stretch]:
    """The stretch in its runs: one, or of what alone answers one for each week."""
    last = until if stretch.upper is None else stretch.upper
    while stretch.candidate is None:
        following = epoch_start(stretch.began_at, stretch.lower + EPOCH_OF_LIVE)
        if following >= last:
            break
        yield replace(stretch, upper=following)
        stretch = replace(
            stretch,
            number=stretch.number + 1,
            lower=following,
            began_at=following,
            stage_began_at=following,
        )
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


def _stretch(row: Any, lower: datetime, upper: datetime | None, before: Sequence[Stretch]) -> Stretch:
    stamps = (row.stable_stamp, row.candidate_stamp, row.control_stamp)
    stretch = Stretch(
        number=len(before),
        lower=lower,
        upper=upper,
        began_at=lower,
        stage_began_at=lower,
        deployment=row.deployment_id,
        frozen_at=row.frozen_at,
        stable=row.stable_id,
        candidate=row.candidate_id,
        kept=row.control_id,
        stage=row.stage,
        stage_number=row.stage_number,
        paused=_is_pause(row),
        treatment_share=row.treatment_share,
        control_share=row.control_share,
        salt=row.salt,
        internal_keys=tuple(row.internal_keys),
        settling=_settling(lower, before),
        stamps=tuple(one for one in stamps if one),
    )
    former = next((one for one in reversed(before) if stretch.is_of_stage_of(one)), None)
    if former is None:
        return stretch
    began_at = former.began_at if stretch.goes_on_from(before[-1]) else lower
    return replace(
        stretch,
        began_at=began_at,
        stage_began_at=began_at if stretch.paused else former.stage_began_at,
    )


def _settling(lower: datetime, before: Sequence[Stretch]) -> tuple[UUID, ...]:
    recent = [one for one in before if one.overlaps(lower - SETTLING, lower)]
    named = {side for one in recent for side in (one.stable, one.candidate, one.kept) if side}
    return tuple(sorted(named))
