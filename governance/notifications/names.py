"""Names of this slice's tasks, by which services start them."""

DELIVER = "governance.notifications.deliver"
PROPOSAL_STORED = "governance.notifications.proposal_stored"
CUSTODY_CHANGED = "governance.notifications.custody_changed"
