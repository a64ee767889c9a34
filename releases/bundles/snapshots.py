"""A revision as it stands in a ledger entry: slots by id and digest, card and plans by digest."""

from typing import Any

from governance.ledger.entries import store_blob
from releases.bundles.content import ReleaseContent
from releases.bundles.manifest import document_bytes, document_digests
from releases.bundles.models import Revision


def snapshot(revision: Revision, content: ReleaseContent) -> dict[str, Any]:
    """The revision with ``content``; far below the size of an entry even with all slots taken."""
    return {
        "revision": revision.id,
        "number": revision.number,
        "state": revision.state,
        "edits": revision.edits,
        "channels": [channel.id for channel in content.channels],
        "slots": [
            {
                "slot": slot.slot,
                "channel": slot.channel_id,
                "role": slot.role or None,
                "component": slot.component.id,
                "digest": slot.component.digest,
            }
            for slot in content.slots
        ],
        **document_digests(content),
        "stack_digest": revision.stack_digest,
        "manifest_digest": revision.manifest_digest or None,
    }


def store_documents(content: ReleaseContent) -> dict[str, str]:
    """Keep the bytes of card and plans; answers their digests by name, for the entry's ``refs``."""
    return {name: store_blob(data) for name, data in document_bytes(content).items()}
