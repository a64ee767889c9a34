"""What is kept as evidence of an incident: a text, links, and digests of what is kept elsewhere."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from governance.documents import checked
from governance.ledger.canonical import is_digest
from releases.bundles.document_parts import Document

LONGEST_TEXT = 10_000
MOST = 20
ADDRESS = re.compile(r"https?://[^\s<>\"'`]+\Z")


def _address(value: str) -> str:
    if not ADDRESS.match(value):
        raise ValueError("an address that begins with https:// or http:// is wanted")
    return value


def _digest(value: str) -> str:
    if not is_digest(value):
        raise ValueError("a digest is wanted, written sha256: and 64 hexadecimal digits")
    return value


class Evidence(Document):
    """Evidence as it is stored."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)]
    links: Annotated[
        list[Annotated[str, StringConstraints(max_length=1000), AfterValidator(_address)]],
        Field(max_length=MOST),
    ] = Field(default_factory=list)
    digests: Annotated[list[Annotated[str, AfterValidator(_digest)]], Field(max_length=MOST)] = Field(
        default_factory=list
    )


def evidence_of(value: object) -> dict[str, Any]:
    """The evidence as it is stored; a plain text is one without links.

    Raises:
        InvalidInput: naming each field that does not fit.
    """
    given = {"text": value} if isinstance(value, str) else value
    return checked(Evidence, given, field="evidence", title="The evidence").model_dump(mode="json")
