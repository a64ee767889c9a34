"""What specifications are made of, and what locking a policy pins: segments to versions, a release to a
revision.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Identifier = Annotated[UUID, Field(strict=False)]


class Part(BaseModel):
    """Base of all parts: nothing unknown, nothing guessed, no number that is none."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class PinnedSegment(Part):
    """A version of a segment as it was when the policy was locked, or, where it was ``added`` because it is
    protected, when the revision was frozen.
    """

    id: Identifier
    key: Name
    version: int
    title: str
    protected: bool
    predicate: dict[str, Any]
    added: Literal["protected"] | None = None


class PinnedRelease(Part):
    """The frozen revision that a policy compares with for as long as it is in force."""

    release: Identifier
    name: str
    revision: Identifier
    number: int
    stack_digest: Digest
