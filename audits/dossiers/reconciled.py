"""What entries say of dossiers."""

from audits.dossiers.models import Dossier
from governance.ledger.reconciling.declared import Declaration, Reconciled, Told, const, maybe

DOSSIERS = Reconciled(
    Dossier,
    told=(
        Told(
            ("dossier.requested",),
            {
                "kind": "kind",
                "system_id": maybe("subject.system.id", None),
                "release_id": maybe("subject.release.id", None),
                "decision": maybe("subject.decision.id", None),
                "period_from": maybe("subject.period.from", None),
                "period_to": maybe("subject.period.to", None),
                "subject": "subject",
                "channels": "channels",
                "everywhere": maybe("everywhere", False),
                "systems": maybe("systems", []),
                "status": "status",
                "requested_at": "@at",
                "requested_by_id": "@actor_id",
                "requested_by_username": "@actor",
                "issued_at": const(None),
                "issued_at_size": const(None),
                "contents_digest": const(""),
                "previous_id": const(None),
                "completed_at": const(None),
                "checkpoint_size": const(None),
                "log_vkeys": const([]),
                "entries_count": const(None),
                "archive_digest": const(""),
                "archive_bytes": const(None),
                "failed_at": const(None),
                "problem": const(""),
            },
            is_first=True,
        ),
        Told(
            ("dossier.issued",),
            {
                "status": "status",
                "channels": "channels",
                "everywhere": maybe("everywhere", False),
                "systems": maybe("systems", []),
                "issued_at": "@at",
                "issued_at_size": "issued_at_size",
                "contents_digest": "@refs.contents",
                "previous_id": "previous",
            },
        ),
        Told(
            ("dossier.completed",),
            {
                "status": "status",
                "completed_at": "@at",
                "checkpoint_size": "checkpoint_size",
                "log_vkeys": "vkeys",
                "entries_count": "entries",
                "archive_digest": "@refs.archive",
                "archive_bytes": "bytes",
            },
        ),
        Told(("dossier.failed",), {"status": "status", "failed_at": "@at", "problem": "problem"}),
    ),
)
RECONCILED: tuple[Declaration, ...] = (DOSSIERS,)
