"""The ``meta`` part of a score-table upload, read as strictly as any other body of the interface.

Apart from the models it makes, which processes that only count use too: the interface's reader needs Django.
"""

from collections.abc import Mapping

from pydantic import ValidationError
from rest_framework.exceptions import ParseError

from governance.access.parsing import parse_json
from governance.documents import field_errors
from governance.errors import FieldError, InvalidInput
from releases.scores.mapping import TableMeta

META_CHARACTERS = 200_000


def parse_meta(raw: str | bytes | Mapping[str, object]) -> TableMeta:
    """A checked ``meta``. Raises InvalidInput that names every field that is wrong."""
    content = _json(raw) if isinstance(raw, str | bytes) else dict(raw)
    try:
        return TableMeta.model_validate(content)
    except ValidationError as error:
        found = field_errors(error, "meta")
        text = "; ".join(f"{one.field}: {one.message}" for one in found[:5])
        raise InvalidInput(
            f"The description of the score table cannot be used: {text}.", field_errors=found
        ) from error


def _json(raw: str | bytes) -> object:
    if len(raw) > META_CHARACTERS:
        raise InvalidInput(
            f"meta: longer than {META_CHARACTERS:,} characters.",
            field_errors=(FieldError("meta", "too long"),),
        )
    try:
        return parse_json(raw)
    except (ParseError, InvalidInput) as error:
        said = str(error).removeprefix("The body is not JSON: ").rstrip(".")
        message = f"is no JSON object: {said[:1].lower()}{said[1:]}"
        raise InvalidInput(f"meta: {message}.", field_errors=(FieldError("meta", message),)) from error
