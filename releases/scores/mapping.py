"""The ``meta`` part of a score-table upload: which column means what, and what the scores claim to be.

The models mirror the contract of ``POST /score-tables/``. Unknown keys are refused by name. A place that
takes a column also takes ``{"constant": value}``, except where a constant would make the table worthless
(sample, score). All cells are text, so stated values are compared as text; a whole number may be written as a
number.
"""

import math
from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from governance.registry.plain_numbers import SPACES, as_number
from releases.statistics.thresholds import Polarity

NAME_LENGTH = 128


def _as_text(value: object) -> object:
    """Whole numbers become text; true, false and fractions stay and are refused as no text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _sentinel(value: object) -> object:
    """Any finite number becomes text, so that all sentinels are declared one way."""
    return str(value) if isinstance(value, float) and math.isfinite(value) else _as_text(value)


def _as_texts(value: object) -> object:
    return [value] if isinstance(value, str | int) and not isinstance(value, bool) else value


def _named(key: str) -> BeforeValidator:
    """A bare string stands for ``{key: string}``."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


Text = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=1024)]
Sentinel = Annotated[str, BeforeValidator(_sentinel), Field(max_length=1024)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_as_texts), Field(min_length=1, max_length=1000)]
ColumnName = Annotated[str, Field(min_length=1, max_length=1024)]
Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH, pattern=r"^[^\x00-\x1f\x7f]*$")]
Identifier = Annotated[str, Field(min_length=1, max_length=64)]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Finite = Annotated[float, Field(allow_inf_nan=False, strict=True)]


class Part(BaseModel):
    """Immutable, and closed: a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Part):
    """Where a value comes from: a column of the file, or one value for all rows."""

    column: ColumnName | None = None
    constant: Text | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.column is None) == (self.constant is None):
            raise ValueError("state a column name, or an object with one key: constant (or column)")
        return self


ColumnOrConstant = Annotated[Source, _named("column")]


class LabelMapping(Source):
    """Which values mean bona fide. All other values that are not empty are attacks, unless ``attack`` lists
    them; then a value in neither list is refused row by row. A constant is ``bona_fide`` or ``attack``.
    """

    bona_fide: Texts | None = None
    attack: Texts | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.column is not None and self.bona_fide is None:
            raise ValueError("state bona_fide, the list of values of the column that mean bona fide")
        if self.constant is not None and (self.bona_fide or self.attack):
            raise ValueError("a constant label takes no lists of values")
        if self.constant is not None and self.constant not in {"bona_fide", "attack"}:
            raise ValueError("a constant label is bona_fide or attack")
        both = sorted(set(self.bona_fide or ()) & set(self.attack or ()))
        if both:
            raise ValueError(f"{both[0]!r} is listed both as bona_fide and as attack")
        return self


class ResponseMapping(Part):
    """A column that says whether the stack answered. Without ``answered``: yes/no, true/false or 1/0."""

    column: ColumnName
    answered: Texts | None = None


class AttributeMapping(Source):
    """One sample attribute: a column, by default of the same name, or a constant."""

    name: Name


def _attribute(value: object) -> object:
    if isinstance(value, str):
        return {"name": value, "column": value}
    return value


class Mapping(Part):
    """What each column means. Latency in milliseconds; ``attempt`` counts from 1 within a transaction."""

    sample: ColumnName
    label: Annotated[LabelMapping, _named("column")]
    score: ColumnName
    subject: ColumnOrConstant | None = None
    species: ColumnOrConstant | None = None
    instrument: ColumnOrConstant | None = None
    sub_scores: Annotated[dict[Name, ColumnName], Field(max_length=32)] = {}
    response: Annotated[ResponseMapping, _named("column")] | None = None
    latency_ms: ColumnName | None = None
    transaction: ColumnName | None = None
    attempt: ColumnName | None = None
    channel: ColumnOrConstant | None = None
    use_case: ColumnOrConstant | None = None
    source_set: ColumnOrConstant | None = None
    attributes: Annotated[
        tuple[Annotated[AttributeMapping, BeforeValidator(_attribute)], ...], Field(max_length=64)
    ] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.transaction is None) != (self.attempt is None):
            raise ValueError("transaction and attempt are stated together or not at all")
        names = [attribute.name for attribute in self.attributes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"attribute {twice[0]!r} is listed twice")
        return self

    def columns(self) -> Iterable[str]:
        """The columns used, possibly with repetitions."""
        sources = (self.subject, self.species, self.instrument, self.channel, self.use_case, self.source_set)
        named: tuple[str | None, ...] = (
            self.sample,
            self.label.column,
            self.score,
            self.response.column if self.response else None,
            self.latency_ms,
            self.transaction,
            self.attempt,
            *(source.column for source in sources if source),
            *self.sub_scores.values(),
            *(attribute.column for attribute in self.attributes),
        )
        return (name for name in named if name is not None)


class TableMeta(Part):
    """The whole ``meta`` object. Exactly one of ``stack_digest`` and ``evaluation_report`` says whose scores
    these are. ``filter`` keeps rows whose cell is (one of) the stated text; all else is judged after it.
    ``missing_scores`` are cells that mean "no score", by text or by number.
    """

    dataset: Identifier
    stack_digest: Digest | None = None
    evaluation_report: Identifier | None = None
    mapping: Mapping
    filter: Annotated[dict[ColumnName, Texts], Field(max_length=16)] = {}
    polarity: Polarity
    score_range: tuple[Finite, Finite] | None = None
    missing_scores: Annotated[tuple[Sentinel, ...], Field(max_length=64)] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.stack_digest is None) == (self.evaluation_report is None):
            raise ValueError("state exactly one of stack_digest and evaluation_report")
        if self.score_range and not self.score_range[0] < self.score_range[1]:
            raise ValueError("score_range is [lowest, highest] with lowest < highest")
        return self

    def columns(self) -> tuple[str, ...]:
        """Every column of the file that is needed, once each, in the order of the mapping."""
        return tuple(dict.fromkeys((*self.mapping.columns(), *self.filter)))

    def missing_texts(self) -> list[str]:
        """Declared sentinels; surrounding spaces do not count."""
        return [value.strip(SPACES) for value in self.missing_scores]

    def missing_numbers(self) -> list[float]:
        """Sentinels that are numbers, so that -1 also covers a cell that says -1.0."""
        numbers = map(as_number, self.missing_texts())
        return [number for number in numbers if number is not None]
