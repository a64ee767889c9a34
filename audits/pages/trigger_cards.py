"""The cards of a rollout's triggers: the worst first, each with its chart or table, and what it will do.

What fires takes the full width, what is quiet half of it. Incidents, drift and heartbeats share one card
unless one of them fires.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from audits.pages.chart_scales import Meter
from audits.pages.trigger_charts import Chart
from audits.pages.trigger_drawing import Bar, Sides, bar_of, chart_of_row, evidence_meter
from audits.pages.trigger_facts import DRAWN, Watch, Watched
from audits.pages.trigger_segments import SegmentTable, segment_sentence, segment_table
from audits.pages.trigger_stands import (
    Stands,
    When,
    asked_of,
    does,
    in_words,
    stands_of,
    title_of,
    worst_of,
)
from releases.bundles.triggers import CountedTrigger, Spec
from releases.monitoring.triggers.models import TriggerStatus
from releases.monitoring.triggers.queries import override_of, shown_sentence
from releases.monitoring.triggers.wording import TITLES

NOTHING_FOUND = "There is nothing to judge it by yet. That is neither good nor bad news."
WIDE, HALF = 200.0, 150.0


@dataclass(frozen=True)
class Card:
    """One trigger. ``notes`` are what a person must know beside what it found."""

    key: str
    title: str
    what: str
    stands: Stands
    sentence: str
    notes: tuple[str, ...]
    foot: str
    is_wide: bool
    trigger: TriggerStatus | None = None
    chart: Chart | None = None
    meter: Meter | None = None
    e: str = ""
    alarm: str = ""
    segments: SegmentTable | None = None


@dataclass(frozen=True)
class Line:
    """One trigger of the card that they share."""

    title: str
    stands: Stands
    sentence: str
    notes: tuple[str, ...]
    foot: str
    bar: Bar | None
    trigger: TriggerStatus | None


@dataclass(frozen=True)
class Cards:
    """All of them; ``lines`` share a card whose head says how the worst of them stands."""

    cards: tuple[Card, ...]
    lines: tuple[Line, ...]

    words: int = 0
    """Triggers that are words for people."""

    @property
    def summary(self) -> str:
        """How many stand how: ``Triggers: 1 firing, 3 quiet, 1 not measured.``"""
        found = Counter([card.stands for card in self.cards] + [line.stands for line in self.lines])
        parts = [f"{count} {_lower(stands.word)}" for stands, count in sorted(found.items(), key=_by_rank)]
        parts += [f"{self.words} not measured"] if self.words else []
        return f"Triggers: {', '.join(parts)}." if parts else ""

    @property
    def shared_is_wide(self) -> bool:
        """Whether the shared card would stand alone in its row: then it takes all of the width."""
        halves = sum(not card.is_wide and card.segments is None for card in self.cards)
        return (halves + bool(self.words)) % 2 == 0

    @property
    def worst_line(self) -> Stands | None:
        """How the shared card stands."""
        return min((one.stands for one in self.lines), key=lambda stands: stands.rank, default=None)


def _by_rank(pair: tuple[Stands, int]) -> int:
    return pair[0].rank


def _lower(text: str) -> str:
    return f"{text[0].lower()}{text[1:]}"


def cards_of(watch: Watch, when: When, sides: Sides) -> Cards:
    """The cards, the worst first."""
    found = [(one, _stands(one, when)) for one in watch.measured]
    own = [(one, stands) for one, stands in found if _has_own(one, stands)]
    cards = [_card(one, stands, watch, when, sides) for one, stands in own]
    lines = [_line(one, stands, when) for one, stands in found if not _has_own(one, stands)]
    return Cards(
        tuple(sorted(cards, key=lambda card: card.stands.rank)),
        tuple(sorted(lines, key=lambda line: line.stands.rank)),
        len(watch.words),
    )


def _stands(one: Watched, when: When) -> Stands:
    return worst_of((stands_of(one.spec, row, one.newest.get(row.pk), when) for row in one.rows), when)


def _has_own(one: Watched, stands: Stands) -> bool:
    return one.spec.kind in DRAWN or stands.rank == 0


def _card(one: Watched, stands: Stands, watch: Watch, when: When, sides: Sides) -> Card:
    row = None if one.is_by_segment else next(iter(one.rows), None)
    card = _drawn(one, row, stands, (watch, when, sides))
    table = segment_table(one, when) if one.is_by_segment and one.rows else None
    return replace(card, segments=table)


def card_of_row(one: Watched, row: TriggerStatus, watch: Watch, when: When, sides: Sides) -> Card:
    """One row of a trigger by itself, in full width."""
    stands = worst_of([stands_of(one.spec, row, one.newest.get(row.pk), when)], when)
    return replace(_drawn(one, row, stands, (watch, when, sides), height=WIDE), is_wide=True)


def _drawn(
    one: Watched,
    row: TriggerStatus | None,
    stands: Stands,
    scene: tuple[Watch, When, Sides],
    height: float = 0.0,
) -> Card:
    watch, when, sides = scene
    is_wide = stands.rank == 0
    newest = one.newest.get(row.pk) if row else None
    meter, e, alarm = evidence_meter(newest)
    return Card(
        key=one.spec.key,
        title=title_of(one.spec),
        what=_what(one.spec),
        stands=stands,
        sentence=_sentence(one, row, when),
        notes=tuple(_notes(one, when)),
        foot=" · ".join(part for part in (asked_of(one.spec, sides.control), does(one.spec)) if part),
        is_wide=is_wide,
        trigger=row,
        chart=chart_of_row(one, row, watch, sides, height=height or (WIDE if is_wide else HALF)),
        meter=meter,
        e=e,
        alarm=alarm,
    )


def _what(spec: Spec) -> str:
    if not isinstance(spec, CountedTrigger):
        return ""
    return "ms" if spec.metric == "latency_ms" else f"% {TITLES[spec.metric]}"


def _sentence(one: Watched, row: TriggerStatus | None, when: When) -> str:
    if row is not None:
        memory = getattr(row, "memory", None)
        is_silent = memory is not None and not memory.sentence and not row.sentence
        return NOTHING_FOUND if is_silent else shown_sentence(row)
    if not one.rows:
        return "Nothing has looked at it yet. That is neither good nor bad news."
    return segment_sentence(one, when)


def _notes(one: Watched, when: When) -> Iterator[str]:
    """Who goes past it until when, and what waits for a person."""
    for row in one.rows:
        among = f"{in_words(row.segment)}: " if row.segment else ""
        past = override_of(row, when.now) if row.action else None
        if past is not None:
            yield (
                f"{among}an override of {past.given_by_username} goes past it until "
                f"{past.expires_at:%-d %b, %H:%M} UTC. It goes on being evaluated."
            )
        if row.latched and when.is_watched:
            yield f"{among}it is latched: it fires until a person acknowledges it, whatever the data say."
    if one.counted.windows > len(one.readings) > 0:
        yield (
            f"{len(one.readings)} of {one.counted.windows:,} windows are drawn: of each stretch the worst. "
            f"{one.counted.breaches:,} of all were over the limit."
        )


def _line(one: Watched, stands: Stands, when: When) -> Line:
    row = next(iter(one.rows), None)
    newest = one.newest.get(row.pk) if row else None
    return Line(
        title_of(one.spec),
        stands,
        _sentence(one, row, when),
        tuple(_notes(one, when)),
        does(one.spec),
        bar_of(newest) if one.spec.kind == "drift" else None,
        row,
    )
