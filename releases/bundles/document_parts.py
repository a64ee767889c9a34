"""What the documents of a release are made of."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints


def _lines(value: object) -> object:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    return value


Prose = Annotated[str, StringConstraints(max_length=10_000), BeforeValidator(_lines)]
"""Text for people; a list of texts is taken as its lines."""

Link = Annotated[str, StringConstraints(max_length=1000, pattern=r"^https?://\S+$")]
Identifier = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
]


class Document(BaseModel):
    """Base: unknown keys are refused, so that a misspelt one is an error and not a silent gap."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
