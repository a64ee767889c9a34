"""What an evaluation of a trigger finds, and what the next one goes on from. Pure.

Data of every hour have a mark that changes whenever they do, and the sums at the end of some hours are kept:
so late data are judged from their hour on, and not from the beginning of the stage.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from releases.monitoring.triggers.given import NOTHING, Interval, Sums
from releases.monitoring.triggers.judgements import Judged
from releases.monitoring.triggers.series import EPOCH

HOUR = timedelta(hours=1)


def hour_of(at: datetime) -> int:
    """The hour that holds a moment, counted from 1970."""
    return (at - EPOCH) // HOUR


def hour_start(hour: int) -> datetime:
    """When an hour begins."""
    return EPOCH + hour * HOUR


@dataclass(frozen=True)
class Known:
    """What an evaluation before this one remembered of the trigger in this stage.

    ``sums`` are of all windows that were judged, ``kept`` those of some earlier moments, beginning with what
    the stage began with; they are much, so ``load`` brings them where they are needed. ``newest`` is
    up to when the last of them go, if there are any: these are of the same windows as ``sums``. ``marks`` are
    of each hour up to ``sums.to``. ``checked_at`` is when all hours were last compared with their marks, and
    ``inputs`` tells whether anything can have changed since.
    """

    judged_to: datetime | None = None
    sums: Sums = NOTHING
    load: Callable[[], tuple[Sums, ...]] = tuple
    newest: tuple[datetime | None, ...] = ()
    marks: Mapping[int, str] = field(default_factory=dict)
    inputs: str = ""
    checked_at: datetime | None = None
    compared: Interval | None = None

    @property
    def kept(self) -> tuple[Sums, ...]:
        """The sums of some earlier moments."""
        return self.load()

    @property
    def marks_document(self) -> dict[str, str]:
        """The marks as they are remembered."""
        return {str(hour): mark for hour, mark in sorted(self.marks.items())}

    def before(self, at: datetime) -> Sums:
        """The newest sums that hold nothing from ``at`` on."""
        return next((one for one in reversed(self.kept) if one.to is None or one.to <= at), NOTHING)

    def after(
        self, sums: Sums, kept: tuple[Sums, ...], marks: Mapping[int, str], compared: Interval | None
    ) -> "Known":
        """With what was judged since."""
        newest = tuple(one.to for one in kept[-1:])
        return replace(self, sums=sums, load=lambda: kept, newest=newest, marks=marks, compared=compared)


@dataclass(frozen=True)
class Found:
    """Judgements since then, and what to remember. ``again``: late data changed windows that were judged
    before, and these are among the judgements once more."""

    judged: tuple[Judged, ...]
    known: Known = field(default_factory=Known)
    tests: int = 1
    again: bool = False


def thinned(kept: Sequence[Sums]) -> tuple[Sums, ...]:
    """Of each hour the newest, and the fewer the longer ago: one for each doubling of the age, so that little
    more is judged again than is needed, and little is kept. The first stays."""
    if not kept:
        return ()
    origin, *rest = kept
    ends = {hour_of(one.to - timedelta(microseconds=1)): one for one in rest if one.to is not None}
    newest = max(ends, default=0)
    left = [ends[hour] for hour in sorted(ends) if hour % _apart(newest - hour) == 0]
    return (origin, *left)


def _apart(age: int) -> int:
    """How many hours lie between sums that are kept so long."""
    return 1 << max(0, age.bit_length() - 1)
