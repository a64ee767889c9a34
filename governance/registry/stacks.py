"""The stack digest: what a report or a table of scores was measured on, and what a release would serve.

Pure. The bytes are RFC 8785 of ``{"fusion": d, "model": [d…], "sdk": {"<channel id>": d},
"threshold_policy": [d…]}``, lists sorted, absent = null; which kinds take part, and whether as a list, by
channel or alone, is read from the table of kinds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from governance.registry.kinds import KINDS, Kind


@dataclass(frozen=True)
class StackPart:
    """A component in its place: its kind, its digest and, for kinds that stand per channel, the channel."""

    kind: str
    digest: str
    channel_id: UUID | None = None


def _of_kind(kind: Kind, parts: list[StackPart]) -> Any:
    if kind.per_channel:
        return {str(part.channel_id): part.digest for part in parts}
    digests = sorted(part.digest for part in parts)
    if kind.at_most == 1:
        return digests[0] if digests else None
    return digests


def stack_document(parts: Iterable[StackPart]) -> dict[str, Any]:
    """The document whose digest is the stack digest, whatever the order of the parts.

    Parts of kinds outside the stack are left out.
    """
    given = list(parts)
    return {
        name: _of_kind(kind, [part for part in given if part.kind == name])
        for name, kind in KINDS.items()
        if kind.in_stack
    }
