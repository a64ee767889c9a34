"""The bytes that are frozen: stack digest and manifest digest of a release.

Both are SHA-256 of the RFC 8785 bytes of their document. The stack is ``{fusion, model,
threshold_policy, sdk per channel}`` (:mod:`governance.registry.stacks`). The manifest is ``{"card": d,
"channels": [id…], "rollback_plan": d, "rollout_plan": d, "slots": [{"channel", "component": d, "role",
"slot"}…]}``: channels sorted, slots sorted by slot, channel, role and component, absent = null.
"""

from collections.abc import Iterable
from typing import Any, Protocol
from uuid import UUID

from governance.ledger.canonical import canonical_bytes, digest_of, digest_of_bytes
from governance.registry import stacks
from governance.registry.models import ComponentVersion
from releases.bundles.documents import DOCUMENTS
from releases.bundles.models import Revision


class Placed(Protocol):
    """A component in its place: a stored slot, or one that is to be stored."""

    @property
    def slot(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def component(self) -> ComponentVersion: ...
    @property
    def channel_id(self) -> UUID | None: ...


class Documented(Protocol):
    """What carries a card and plans: a stored revision, or content that is to be stored."""

    @property
    def card(self) -> dict[str, Any]: ...
    @property
    def rollout_plan(self) -> dict[str, Any]: ...
    @property
    def rollback_plan(self) -> dict[str, Any]: ...


def stack_document(slots: Iterable[Placed]) -> dict[str, Any]:
    """The stack in ``slots``; slots outside the stack do not count."""
    return stacks.stack_document(
        stacks.StackPart(slot.slot, slot.component.digest, slot.channel_id) for slot in slots
    )


def stack_digest(slots: Iterable[Placed]) -> str:
    """The digest of the stack in ``slots``."""
    return digest_of(stack_document(slots))


def document_bytes(source: Documented) -> dict[str, bytes]:
    """The canonical bytes of the card and the plans, by field."""
    return {name: canonical_bytes(getattr(source, name)) for name in DOCUMENTS}


def document_digests(source: Documented) -> dict[str, str]:
    """The digests of the card and the plans, by field."""
    return {name: digest_of_bytes(data) for name, data in document_bytes(source).items()}


def manifest_document(revision: Revision) -> dict[str, Any]:
    """The manifest of a stored revision."""
    channel_ids = [row.channel_id for row in revision.channel_rows.all()]
    slots = revision.slots.select_related("component")
    return assemble_manifest(revision, channel_ids, slots)


def assemble_manifest(
    source: Documented, channel_ids: Iterable[UUID], slots: Iterable[Placed]
) -> dict[str, Any]:
    """All that is frozen together; the order of channels and slots does not matter."""
    rows = [
        {
            "channel": str(slot.channel_id) if slot.channel_id else None,
            "component": slot.component.digest,
            "role": slot.role or None,
            "slot": slot.slot,
        }
        for slot in slots
    ]
    return {
        **document_digests(source),
        "channels": sorted(str(channel_id) for channel_id in channel_ids),
        "slots": sorted(rows, key=_order),
    }


def _order(row: dict[str, str | None]) -> tuple[str, str, str, str]:
    return row["slot"] or "", row["channel"] or "", row["role"] or "", row["component"] or ""


def manifest_digest(document: dict[str, Any]) -> str:
    """The digest of a manifest: the stamp that decisions carry."""
    return digest_of(document)
