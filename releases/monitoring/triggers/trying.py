"""Try a trigger on past windows: a series that is sent, or what a rollout counted. Nothing is recorded."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from governance.documents import checked, field_errors, sentence
from governance.errors import InvalidInput, invalid
from releases.bundles.arms import Arm
from releases.bundles.document_parts import Document
from releases.bundles.documents import Time
from releases.bundles.triggers import TRIGGER, CountedTrigger, QuantileTrigger, Spec, WordsTrigger
from releases.monitoring.triggers.backtest import BackTest, Compared, Incident, back_test, compared
from releases.monitoring.triggers.given import Given
from releases.monitoring.triggers.judgements import CannotJudge
from releases.monitoring.triggers.series import Counts, Cut, Window, windows_of
from releases.monitoring.vocabulary.series import EVERYBODY, WindowCounts
from releases.monitoring.windows.queries import counts_of
from releases.rollouts.models import Deployment

MOST_WINDOWS = 20_000
MOST_INCIDENTS = 500
MOST_TESTS = 10_000

Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
Amount = Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)]


class SeriesRow(Document):
    """One window of a series: ``at`` is its beginning. ``value`` is a quantile as a number; else subjects and
    events of the candidate and, where there is one, of the control."""

    at: Time
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    subjects: Count = 0
    events: Amount = 0.0
    control_subjects: Count = 0
    control_events: Amount = 0.0

    @model_validator(mode="after")
    def counts_fit(self) -> Self:
        """No arm has more events than subjects."""
        for name, events, subjects in (
            ("events", self.events, self.subjects),
            ("control_events", self.control_events, self.control_subjects),
        ):
            if events > subjects:
                raise ValueError(f"{name} {events} exceeds its {subjects} subjects: each counts at most 1")
        return self


class Span(Document):
    """When something is known to have been wrong."""

    began_at: Time
    ended_at: Time
    name: Annotated[str, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def ends_after_it_begins(self) -> Self:
        """An empty span holds no window."""
        if self.ended_at <= self.began_at:
            raise ValueError("ended_at must lie after began_at")
        return self


class _Series(Document):
    series: Annotated[list[SeriesRow], Field(min_length=1, max_length=MOST_WINDOWS)]


class _Spans(Document):
    incidents: Annotated[list[Span], Field(max_length=MOST_INCIDENTS)]


@dataclass(frozen=True)
class Tried:
    """The course of the trigger on the windows, and how it compares with what is known."""

    spec: CountedTrigger
    windows: Sequence[Window]
    result: BackTest
    compared: Compared
    incidents: int

    @property
    def sentence(self) -> str:
        """What came of it, in words."""
        fired = len(self.result.spells)
        seen = f"{len(self.windows):,} windows: it fired {_times(fired)}."
        if not self.incidents:
            return seen
        false = len(self.compared.false_alarms)
        return (
            f"{seen} {len(self.compared.detected)} of {self.incidents} known incidents were detected, "
            f"{false or 'no'} {'alarm was' if false < 2 else 'alarms were'} false."
        )


def _times(count: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(count, f"{count} times")


def try_on_series(trigger: Any, series: Any, incidents: Any = (), *, tests: int = 1) -> Tried:
    """The trigger on windows that are sent.

    Raises:
        InvalidInput: naming each field that does not fit.
    """
    spec = counted_spec(trigger)
    rows = checked(_Series, {"series": series}, field="", title="The series").series
    windows = _windows(spec, rows)
    return _tried(spec, windows, incidents, tests)


def try_on_rollout(
    trigger: Any,
    deployment: Deployment,
    incidents: Any = (),
    *,
    at: datetime,
    segment: str = "",
    tests: int = 1,
) -> Tried:
    """The trigger on what was counted while the deployment's assignments were in force.

    Raises:
        InvalidInput: naming each field that does not fit.
    """
    spec = counted_spec(trigger)

    def is_ours(row: WindowCounts) -> bool:
        alone = row.arm is Arm.STABLE and row.revision == deployment.revision_id
        return row.arm is Arm.CANDIDATE or alone

    cut = Cut(
        metric=spec.metric,
        segment=segment or EVERYBODY,
        width=timedelta(seconds=spec.window_seconds),
        lateness=timedelta(seconds=spec.allowed_lateness_seconds),
        label_lag=timedelta(seconds=spec.label_lag_seconds),
        ours=is_ours,
    )
    rows = counts_of(deployment, since=deployment.started_at, until=at, at=at)
    return _tried(spec, windows_of(rows, cut, at)[-MOST_WINDOWS:], incidents, tests)


def counted_spec(trigger: Any) -> CountedTrigger:
    """A trigger that is judged on windows; its description, key and owner may be left out.

    Raises:
        InvalidInput: it does not fit, or is of another kind.
    """
    given = (
        {"description": "Back-test", "key": "back-test", **trigger} if isinstance(trigger, dict) else trigger
    )
    spec = checked_trigger(given)
    if not isinstance(spec, CountedTrigger):
        kind = "words" if isinstance(spec, WordsTrigger) else spec.kind
        raise invalid(
            "trigger.kind", f"{kind!r} is not judged on windows; try threshold, vs_control or quantile."
        )
    return spec


def checked_trigger(value: Any) -> Spec | WordsTrigger:
    """One trigger as it would stand in a plan.

    Raises:
        InvalidInput: naming each field that does not fit.
    """
    try:
        return TRIGGER.validate_python(value)
    except ValidationError as error:
        fields = field_errors(error, "trigger")
        raise InvalidInput(f"The trigger does not fit: {sentence(fields)}.", field_errors=fields) from error


def _windows(spec: CountedTrigger, rows: Iterable[SeriesRow]) -> list[Window]:
    width = timedelta(seconds=spec.window_seconds)
    found: dict[datetime, Window] = {}
    for index, row in enumerate(rows):
        starts_at = row.at.astimezone(UTC)
        if starts_at in found:
            raise invalid(
                f"series[{index}].at", f"a window that begins at {starts_at:%F %T} UTC stands twice."
            )
        if isinstance(spec, QuantileTrigger) and row.value is None:
            raise invalid(f"series[{index}].value", "a quantile is judged on its value; give one.")
        if not isinstance(spec, QuantileTrigger) and row.value is not None:
            raise invalid(f"series[{index}].value", f"a {spec.kind} is judged on subjects and events.")
        ours = Counts(row.subjects, row.events, row.subjects, int(row.events), point=row.value)
        control = Counts(
            row.control_subjects, row.control_events, row.control_subjects, int(row.control_events)
        )
        found[starts_at] = Window(starts_at, starts_at + width, ours, control)
    return [found[key] for key in sorted(found)]


def _tried(spec: CountedTrigger, windows: Sequence[Window], incidents: Any, tests: int) -> Tried:
    if not 1 <= tests <= MOST_TESTS:
        raise invalid("tests", f"{tests} is not between 1 and {MOST_TESTS:,}.")
    spans = checked(_Spans, {"incidents": list(incidents)}, field="", title="The incidents").incidents
    known = [Incident(one.began_at, one.ended_at, one.name) for one in spans]
    try:
        result = back_test(spec, windows, Given(tests))
    except CannotJudge as error:
        raise invalid("trigger", str(error)) from error
    return Tried(spec, windows, result, compared(result, known), len(known))


def rows_of_csv(text: str) -> list[dict[str, Any]]:
    """The rows of a CSV with a head line: ``at`` and ``value``, or ``at``, ``subjects`` and ``events``.

    Raises:
        InvalidInput: it has no head, an unknown column, or a number that is none.
    """
    try:
        reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline=None))
        return _rows_of_csv(reader)
    except csv.Error as error:
        raise invalid("csv", f"it cannot be read as CSV: {error}.") from error


def _rows_of_csv(reader: "csv.DictReader[str]") -> list[dict[str, Any]]:
    known = set(SeriesRow.model_fields)
    unknown = [name for name in reader.fieldnames or [] if name not in known]
    if not reader.fieldnames or "at" not in reader.fieldnames or unknown:
        raise invalid(
            "csv",
            f"the first line names columns, at and some of {', '.join(sorted(known - {'at'}))}"
            + (f"; {unknown[0]!r} is none of them." if unknown else "."),
        )
    return [_row_of_csv(index, row) for index, row in enumerate(reader)]


NUMBER = TypeAdapter(float)


def _row_of_csv(index: int, row: dict[str, Any]) -> dict[str, Any]:
    if None in row:
        raise invalid(f"csv[{index}]", "the line has more fields than the head.")
    found: dict[str, Any] = {}
    for name, text in row.items():
        if text in {None, ""}:
            continue
        if name == "at":
            found[name] = text
            continue
        try:
            number = NUMBER.validate_python(text)
        except ValidationError:
            raise invalid(f"csv[{index}].{name}", f"{text!r} is no number.") from None
        found[name] = int(number) if name.endswith("subjects") and number.is_integer() else number
    return found
