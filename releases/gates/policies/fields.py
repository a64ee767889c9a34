"""The one place that turns a kind's specification into the fields of a form, and a sent form back into one.

It reads the specification's own types, bounds and defaults, so a new kind needs nothing here. Strata and
baselines have parts of their own (``compound.py``); a type that nobody thought of is asked for as JSON.
"""

import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, Protocol, Union, get_args, get_origin
from uuid import UUID

from django import forms
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from governance.ledger.canonical import MAX_INTEGER
from releases.gates.policies.form_fields import NamesField, StrictJsonField
from releases.gates.policies.form_words import CHOICE_WORDS, WORDS

HIDDEN = frozenset({"cluster_by", "pinned", "pinned_segments"})
"""What follows from the rest of the specification, or is made by the lock."""

LONG_TEXT = 500
MISSING: Any = object()


@dataclass(frozen=True)
class Item:
    """Something on the form: a field by its name, or a titled box of more items; ``css`` is its class."""

    name: str = ""
    title: str = ""
    items: tuple["Item", ...] = ()
    css: str = ""


class Part(Protocol):
    """What asks for one field of a specification, in one or more fields of the form."""

    @property
    def name(self) -> str:
        """The path of the field within the specification."""

    def item(self) -> Item:
        """How it stands on the form."""

    def fields(self) -> Iterator[tuple[str, forms.Field]]:
        """The fields of the form by name, in order."""

    def initial(self, value: Any) -> dict[str, Any]:
        """What the fields show for a value of the specification."""

    def read(self, given: dict[str, Any]) -> Any:
        """The value that the cleaned fields say; MISSING where nothing was said."""


@dataclass(frozen=True)
class Single:
    """One field for one value. ``shown`` and ``read_as`` translate where the two are written differently;
    ``empty`` is what an empty field says.
    """

    name: str
    made: Callable[[], forms.Field]
    shown: Callable[[Any], Any] = field(default=lambda value: value)
    read_as: Callable[[Any], Any] = field(default=lambda value: value)
    empty: Any = MISSING

    def item(self) -> Item:
        """The field alone."""
        return Item(self.name)

    def fields(self) -> Iterator[tuple[str, forms.Field]]:
        """The field."""
        yield self.name, self.made()

    def initial(self, value: Any) -> dict[str, Any]:
        """The value as it is shown."""
        return {} if value is MISSING or value is None else {self.name: self.shown(value)}

    def read(self, given: dict[str, Any]) -> Any:
        """The value; an empty field says nothing."""
        value = given.get(self.name)
        return self.empty if value in (None, "", []) else self.read_as(value)


@dataclass(frozen=True)
class Nested:
    """The fields of a specification within a specification."""

    name: str
    parts: tuple[Part, ...]

    def item(self) -> Item:
        """A box of its fields."""
        title = leaf(self.name).replace("_", " ").capitalize()
        return Item(title=title, items=tuple(part.item() for part in self.parts))

    def fields(self) -> Iterator[tuple[str, forms.Field]]:
        """All of them, by the path to each."""
        for part in self.parts:
            yield from part.fields()

    def initial(self, value: Any) -> dict[str, Any]:
        """What each shows."""
        known = value if isinstance(value, dict) else {}
        return {
            name: shown
            for part in self.parts
            for name, shown in part.initial(known.get(leaf(part.name), MISSING)).items()
        }

    def read(self, given: dict[str, Any]) -> Any:
        """The object; MISSING if nothing in it was said."""
        found = {leaf(part.name): part.read(given) for part in self.parts}
        said = {name: value for name, value in found.items() if value is not MISSING}
        return said or MISSING


def defaults_of(spec: type[BaseModel]) -> dict[str, Any]:
    """What a specification holds where nothing is said, as it would be written."""
    found = {
        name: info.get_default(call_default_factory=True)
        for name, info in spec.model_fields.items()
        if not info.is_required()
    }
    return {
        name: value.model_dump(mode="json", exclude_none=True) if isinstance(value, BaseModel) else value
        for name, value in found.items()
        if value is not None
    }


def leaf(name: str) -> str:
    """The last step of a path."""
    return name.rpartition(".")[2]


def parts_of(
    spec: type[BaseModel],
    special: Callable[[str, Any], Part | None],
    prefix: str = "",
) -> tuple[Part, ...]:
    """One part for each field that is written by people; ``special`` answers for types with their own."""
    return tuple(
        _part(f"{prefix}{name}", info, special)
        for name, info in spec.model_fields.items()
        if name not in HIDDEN
    )


def _part(name: str, info: FieldInfo, special: Callable[[str, Any], Part | None]) -> Part:
    kind, bounds = plain_type(info.annotation, tuple(info.metadata))
    found = special(name, kind)
    if found is not None:
        return found
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return Nested(name, parts_of(kind, special, f"{name}."))
    return _single(name, info, kind, bounds)


def plain_type(annotation: Any, bounds: tuple[Any, ...] = ()) -> tuple[Any, tuple[Any, ...]]:
    """The type without ``None`` and annotations, and everything that limits it."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return plain_type(inner, (*bounds, *more))
    if origin in {Union, types.UnionType}:
        inner = [one for one in get_args(annotation) if one is not type(None)]
        if len(inner) == 1:
            return plain_type(inner[0], bounds)
    return annotation, bounds


def _single(name: str, info: FieldInfo, kind: Any, bounds: tuple[Any, ...]) -> Single:
    words = WORDS.get(leaf(name))
    label = words.label if words else leaf(name).replace("_", " ").capitalize()
    said = " ".join(part for part in (words.help if words else "", _range(kind, bounds)) if part)
    is_needed = info.is_required()
    common: dict[str, Any] = {"label": label, "help_text": said, "required": is_needed}
    if get_origin(kind) is Literal:
        choices = _choices(leaf(name), get_args(kind), is_needed or info.default is not None)
        return Single(name, lambda: forms.ChoiceField(choices=choices, **common))
    if get_origin(kind) is list:
        empty = MISSING if is_needed or info.get_default(call_default_factory=True) is None else []
        return replace(_many(name, plain_type(get_args(kind)[0])[0], common), empty=empty)
    if kind is bool:
        return Single(name, lambda: forms.BooleanField(**{**common, "required": False}))
    if kind is int:
        return Single(name, lambda: forms.IntegerField(max_value=MAX_INTEGER, **common))
    if kind is float:
        return Single(name, lambda: forms.FloatField(widget=_number(), **common))
    if kind is UUID:
        return Single(name, lambda: forms.UUIDField(**common), shown=str, read_as=str)
    if kind is str:
        most = _longest(bounds)
        widget = forms.Textarea(attrs={"rows": 2}) if most > LONG_TEXT else forms.TextInput()
        return Single(name, lambda: forms.CharField(max_length=most, widget=widget, **common))
    return Single(name, lambda: StrictJsonField(**common), shown=StrictJsonField.written)


def _many(name: str, inner: Any, common: dict[str, Any]) -> Single:
    if get_origin(inner) is Literal:
        choices = _choices(leaf(name), get_args(inner), True)
        widget = forms.CheckboxSelectMultiple
        return Single(name, lambda: forms.MultipleChoiceField(choices=choices, widget=widget, **common))
    if inner is str:
        return Single(name, lambda: NamesField(**common), shown=NamesField.written)
    return Single(name, lambda: StrictJsonField(**common), shown=StrictJsonField.written)


def _choices(name: str, values: tuple[Any, ...], has_value: bool) -> list[tuple[str, str]]:
    words = CHOICE_WORDS.get(name, {})
    found = [(str(one), words.get(str(one), str(one).replace("_", " "))) for one in values]
    return found if has_value else [("", "– as usual –"), *found]


def _number() -> forms.NumberInput:
    return forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"})


def _longest(bounds: tuple[Any, ...]) -> int:
    found = [getattr(one, "max_length", None) for one in bounds]
    return min([most for most in found if most is not None], default=10_000)


def _range(kind: Any, bounds: tuple[Any, ...]) -> str:
    """What a number must lie between, in words; a text has its length checked without words."""
    if kind not in {int, float}:
        return ""
    said = [
        f"{words} {getattr(one, name):,.10g}"
        for one in bounds
        for name, words in (("gt", "more than"), ("ge", "at least"), ("lt", "less than"), ("le", "at most"))
        if getattr(one, name, None) is not None
    ]
    return f"{', '.join(said).capitalize()}." if said else ""
