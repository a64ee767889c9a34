"""Windows that a decision service counted itself, as they arrive: one JSON object each, judged alone."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, FiniteFloat, StringConstraints
from rest_framework.exceptions import ParseError

from governance.access.parsing import parse_json
from governance.documents import checked
from governance.errors import InvalidInput, invalid
from releases.bundles.arms import Arm
from releases.bundles.document_parts import Document
from releases.monitoring.decisions.limits import LARGEST_LINE
from releases.monitoring.decisions.lines import Refusal, refusal
from releases.monitoring.decisions.values import Identifier, Moment, check_time
from releases.monitoring.vocabulary.series import OF_REPLAYS, SHARES, WINDOW, Metric, window_start
from releases.monitoring.vocabulary.sketches import UnfitSketch, count_of

MOST_SUBJECTS = 2**31 - 1
COUNTED = sorted(metric.value for metric in set(Metric) - OF_REPLAYS)


def _one_of(names: list[str]) -> BeforeValidator:
    def check(value: object) -> object:
        if value not in names:
            raise ValueError(f"{str(value)[:60]!r} is none of {', '.join(names)}")
        return value

    return BeforeValidator(check)


class ObservationBody(Document):
    """One window of one metric of one arm. ``n`` are the subjects first seen in it, ``events`` the sum of
    their per-subject shares; of a distribution ``n`` are the values in ``sketch``.
    """

    channel: Identifier
    release: Identifier
    arm: Annotated[str, _one_of([arm.value for arm in Arm])]
    segment: Annotated[str, StringConstraints(max_length=100)] = ""
    metric: Annotated[str, _one_of(COUNTED)]
    window: Annotated[list[Moment], Field(min_length=2, max_length=2)]
    n: Annotated[int, Field(ge=1, le=MOST_SUBJECTS)]
    events: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    sketch: Annotated[str, StringConstraints(max_length=LARGEST_LINE)] = ""


@dataclass(frozen=True)
class ObservedLine:
    """A line that could be read: its number, what it says, and the bytes of its sketch."""

    number: int
    body: ObservationBody
    sketch: bytes | None

    @property
    def channel(self) -> UUID:
        """The channel that it is about."""
        return self.body.channel

    @property
    def starts_at(self) -> datetime:
        """Where the window begins."""
        return self.body.window[0]

    @property
    def key(self) -> tuple[object, ...]:
        """What the window is of; another count under the same key is refused."""
        body = self.body
        return (body.channel, body.release, body.arm, body.segment, body.metric, *body.window)

    def document(self) -> dict[str, Any]:
        """What was reported; what was left out and what was sent empty are one."""
        return self.body.model_dump()

    @property
    def name(self) -> str:
        """How a refusal names the line."""
        body = self.body
        return f"{body.metric} of {body.arm} from {self.starts_at:%F %R}"


def read_observed_line(number: int, data: bytes, now: datetime) -> ObservedLine | Refusal:
    """A line of a report, or why it is refused."""
    if len(data) > LARGEST_LINE:
        return Refusal(number, None, "line", f"a line has at most {LARGEST_LINE // 1024} KiB.")
    try:
        value = parse_json(data)
    except (ParseError, InvalidInput) as error:
        return refusal(number, None, error, "observation")
    return read_observation(number, value, now)


def read_observation(number: int, value: Any, now: datetime) -> ObservedLine | Refusal:
    """A window as a JSON value, or why it is refused."""
    try:
        body = checked(ObservationBody, value, field="observation", title="The observation")
        _check_window(body.window[0], body.window[1], now)
        return ObservedLine(number, body, _sketch(body))
    except InvalidInput as error:
        return refusal(number, value, error, "observation")


def _check_window(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if ends_at - starts_at != WINDOW or window_start(starts_at) != starts_at:
        minutes = WINDOW.seconds // 60
        raise invalid(
            "window", f"{minutes} minutes are wanted that begin at a multiple of {minutes} minutes UTC."
        )
    if ends_at > now:
        raise invalid(
            "window", f"it ends at {ends_at:%F %T} UTC and is not over yet; report it then, it never changes."
        )
    check_time(starts_at, now, "window")


def _sketch(body: ObservationBody) -> bytes | None:
    """The bytes of the sketch, checked against the counts."""
    if body.metric in SHARES:
        if body.sketch:
            raise invalid("sketch", f"{body.metric} is a share of events and has no sketch.")
        if body.events > body.n:
            raise invalid("events", f"{body.events:g} events of {body.n} subjects: at most one each.")
        return None
    if body.events:
        raise invalid("events", f"{body.metric} is a distribution and has no events.")
    try:
        sketch = base64.b64decode(body.sketch, validate=True)
        found = count_of(sketch)
    except (UnfitSketch, binascii.Error) as error:
        raise invalid("sketch", f"no sketch that can be added up: {error}.") from error
    if found != body.n:
        raise invalid("n", f"the sketch holds {found} values, not {body.n}.")
    return sketch
