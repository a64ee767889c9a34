"""All tables of this app, so that Django finds them; each lives in its slice."""

from governance.access.models import (
    Account,
    ApiToken,
    ChannelObjectPermission,
    Grant,
    Proposal,
    SystemObjectPermission,
    TokenUse,
)
from governance.ledger.custody_models import Epoch, KeySuccession
from governance.ledger.models import (
    Blob,
    Entry,
    IdempotencyRecord,
    Leaf,
    Pending,
    RefusalTally,
    Salt,
    TreeState,
)
from governance.ledger.witness_models import Cosignature, WitnessState
from governance.notifications.models import Delivery, Notification, Preference
from governance.outbox.models import OutboxMessage
from governance.registry.models import Channel, ComponentVersion, Segment, System

__all__ = [
    "Account",
    "ApiToken",
    "Blob",
    "Channel",
    "ChannelObjectPermission",
    "ComponentVersion",
    "Cosignature",
    "Delivery",
    "Entry",
    "Epoch",
    "Grant",
    "IdempotencyRecord",
    "KeySuccession",
    "Leaf",
    "Notification",
    "OutboxMessage",
    "Pending",
    "Preference",
    "Proposal",
    "RefusalTally",
    "Salt",
    "Segment",
    "System",
    "SystemObjectPermission",
    "TokenUse",
    "TreeState",
    "WitnessState",
]
