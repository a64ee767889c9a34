"""Checking JSON documents against pydantic models: every problem names its field, in one form everywhere."""

from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from governance.errors import FieldError, InvalidInput

D = TypeVar("D", bound=BaseModel)


def field_path(root: str, steps: Iterable[int | str]) -> str:
    """``root`` followed by the steps into it: ``card.references[2]``.

    A step in angle brackets is the tag of a union, which no request holds.
    """
    named = (step for step in steps if not (isinstance(step, str) and step.startswith("<")))
    path = root + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in named)
    return path.removeprefix(".")


def checked(model: type[D], value: object, *, field: str, title: str) -> D:
    """``value`` as an instance of ``model``; ``field`` is where it stands in the request.

    Raises:
        InvalidInput: naming each field that does not fit and why; ``title`` leads the sentence.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        fields = field_errors(error, field)
        raise InvalidInput(f"{title} does not fit: {sentence(fields)}.", field_errors=fields) from error


def field_errors(error: ValidationError, field: str) -> tuple[FieldError, ...]:
    """What a model refused, as fields of the request below ``field``."""
    return tuple(
        FieldError(field_path(field, item["loc"]), _message(item)) for item in error.errors(include_url=False)
    )


def sentence(fields: Iterable[FieldError]) -> str:
    """All of the fields and what is wrong with each, in one line."""
    return "; ".join(f"{item.field}: {item.message}" for item in fields)


def found(value: object) -> str:
    """What was found, as it was written and no longer than can be read."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple | set | frozenset):
        return "a list"
    if isinstance(value, int) and abs(value) >= TOO_LONG_TO_READ:
        return "a number too long to show"
    text = repr(value)
    return text if len(text) <= LONGEST_FOUND else f"{text[:LONGEST_FOUND]}…"


def _message(item: Any) -> str:
    """What is wanted and what was found; a rule of the model itself is said in its own words."""
    kind, context = str(item["type"]), item.get("ctx", {})
    if kind in {"value_error", "assertion_error"}:
        return str(item["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if kind in OBJECTS:
        return "an object is wanted, with its fields by name"  # not the name of our class
    if kind in ALONE:
        return ALONE[kind]
    wanted = WANTED.get(kind, "").format(**{name: _plain(value) for name, value in context.items()})
    if not wanted:
        said = str(item["msg"])
        wanted = said[:1].lower() + said[1:]
    return f"{wanted}, found {found(item.get('input'))}"


def _plain(value: object) -> object:
    """A bound as people write it: 1 and not 1.0."""
    return f"{value:.10g}" if isinstance(value, float) else value


LONGEST_FOUND = 60
TOO_LONG_TO_READ = 10**30

OBJECTS = frozenset({"model_type", "model_attributes_type", "dataclass_type"})

ALONE = {
    "missing": "is missing and is needed",
    "extra_forbidden": "there is no such field here; leave it out",
}
"""Where nothing that was found would say more."""

WANTED = {
    "literal_error": "{expected} is wanted",
    "enum": "{expected} is wanted",
    "greater_than": "a number greater than {gt} is wanted",
    "greater_than_equal": "a number greater than or equal to {ge} is wanted",
    "less_than": "a number less than {lt} is wanted",
    "less_than_equal": "a number less than or equal to {le} is wanted",
    "multiple_of": "a multiple of {multiple_of} is wanted",
    "finite_number": "a finite number is wanted",
    "string_type": "a text is wanted",
    "string_too_short": "a text of at least {min_length} characters is wanted",
    "string_too_long": "a text of at most {max_length} characters is wanted",
    "string_pattern_mismatch": "a text of the pattern {pattern} is wanted",
    "bool_type": "true or false is wanted",
    "bool_parsing": "true or false is wanted",
    "int_type": "a whole number is wanted",
    "int_parsing": "a whole number is wanted",
    "int_from_float": "a whole number is wanted",
    "float_type": "a number is wanted",
    "float_parsing": "a number is wanted",
    "list_type": "a list is wanted",
    "tuple_type": "a list is wanted",
    "dict_type": "an object is wanted",
    "too_short": "at least {min_length} of them are wanted",
    "too_long": "at most {max_length} of them are wanted",
    "uuid_type": "an id (UUID) is wanted",
    "uuid_parsing": "an id (UUID) is wanted",
}
"""By pydantic's kind of error, with its own numbers."""
