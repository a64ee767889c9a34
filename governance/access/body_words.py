"""What a body's fields refuse, in words of ours: what is wanted, the choices, and what was found.

The framework's own texts name neither ("This field is required.", "Must be a valid UUID."). Only they are
replaced; what a serializer says itself stays as it is.
"""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from governance.documents import found

Errors = dict[str, Any]


def in_our_words(errors: Mapping[str, Any], fields: Mapping[str, Any], data: Mapping[str, Any]) -> Errors:
    """The errors of a body with the framework's texts replaced; parts of nested bodies are theirs."""
    return {
        name: [_said(one, fields.get(name), data.get(name)) for one in problems]
        if isinstance(problems, list)
        else problems
        for name, problems in errors.items()
    }


def numbers_for_ids(fields: Mapping[str, Any], data: Mapping[str, Any]) -> Errors:
    """Fields that take an id and got a number: the framework would read 5 as the id 0…05."""
    return {
        name: [f"{_wanted(field)}; found {found(data[name])}."]
        for name, field in fields.items()
        if isinstance(field, serializers.UUIDField) and isinstance(data.get(name), int | float)
    }


def _said(problem: Any, field: Any, value: Any) -> Any:
    if field is None or not isinstance(problem, str):
        return problem
    code = getattr(problem, "code", "")
    if code == "required":
        return f"It is missing: {_small(_wanted(field))}."
    if code in {"null", "blank"}:
        return f"{_wanted(field)}; found {'null' if code == 'null' else 'an empty text'}."
    if code == "invalid_choice" and hasattr(field, "choices"):
        return f"{_wanted(field)}; found {found(value)}."
    if code in {"min_value", "max_value", "max_length", "min_length"}:
        return f"{str(problem).rstrip('.')}; found {found(value)}."
    if code in {"invalid", "not_a_list", "max_string_length"} and _is_frameworks(problem, field, code):
        return f"{_wanted(field)}; found {found(value)}."
    return problem


def _is_frameworks(problem: str, field: Any, code: str) -> bool:
    """Whether it begins as the field's own text does, before the text's first gap."""
    own = str(getattr(field, "error_messages", {}).get(code, "")).partition("{")[0]
    return bool(own) and str(problem).startswith(own)


def _wanted(field: Any) -> str:
    if isinstance(field, serializers.ChoiceField):
        return f"One of {', '.join(map(str, field.choices))} is wanted"
    for kind, words in _KINDS:
        if isinstance(field, kind):
            return f"{words} is wanted"
    return "It is wanted in the form that /api/docs/ shows"


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


_KINDS: tuple[tuple[type[Any] | tuple[type[Any], ...], str], ...] = (
    (serializers.UUIDField, "An id (UUID, as text)"),
    (serializers.IntegerField, "A whole number"),
    ((serializers.FloatField, serializers.DecimalField), "A number"),
    (serializers.BooleanField, "True or false"),
    (serializers.DateTimeField, "A time as ISO 8601 writes it, with its zone,"),
    (serializers.FileField, "A file"),
    ((serializers.ListField, serializers.ListSerializer), "A list"),
    ((serializers.DictField, serializers.Serializer), "An object"),
    (serializers.CharField, "A text"),
)
"""What is wanted, by the first kind of field that fits."""
