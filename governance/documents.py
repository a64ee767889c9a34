"""Checking JSON documents against pydantic models: every problem names its field, in one form everywhere."""

from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from governance.errors import FieldError, InvalidInput

D = TypeVar("D", bound=BaseModel)


def field_path(root: str, steps: Iterable[int | str]) -> str:
    """``root`` followed by the steps into it: ``card.references[2]``."""
    return root + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


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
        FieldError(field_path(field, item["loc"]), _message(item))
        for item in error.errors(include_url=False, include_input=False)
    )


def sentence(fields: Iterable[FieldError]) -> str:
    """All of the fields and what is wrong with each, in one line."""
    return "; ".join(f"{item.field}: {item.message}" for item in fields)


def _message(item: Any) -> str:
    if item["type"] in {"model_type", "model_attributes_type", "dataclass_type"}:
        return "an object is wanted, with its fields by name"  # not the name of our class
    return str(item["msg"]).removeprefix("Value error, ")
