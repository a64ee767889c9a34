"""What entries say of systems, channels, segments and component versions."""

from governance.ledger.reconciling.declared import Reconciled, Told, const
from governance.registry.models import Channel, ComponentVersion, Segment, System

SYSTEMS = Reconciled(
    System,
    told=(
        Told(
            ("system.registered",),
            {
                "slug": "slug",
                "name": "name",
                "description": "description",
                "dataset_change_limit_rate": "dataset_change_limit_rate",
                "starter_may_cast_last_vote": "starter_may_cast_last_vote",
                "log_before_act": const(False),
                "registered_at": "@at",
                "registered_by_username": "@actor",
            },
            is_first=True,
        ),
        Told(("system.log_before_act_set",), {"log_before_act": "log_before_act"}),
    ),
)

CHANNELS = Reconciled(
    Channel,
    told=(
        Told(
            ("channel.registered",),
            {"system_id": "system", "name": "name", "kind": "kind", "drill": "drill", "registered_at": "@at"},
            is_first=True,
        ),
    ),
)

SEGMENTS = Reconciled(
    Segment,
    told=(
        Told(
            ("segment.defined",),
            {
                "system_id": "system",
                "key": "key",
                "version": "version",
                "title": "title",
                "predicate": "predicate",
                "protected": "protected",
                "reason": "@reason",
                "defined_at": "@at",
                "defined_by_username": "@actor",
            },
            is_first=True,
        ),
    ),
)

COMPONENTS = Reconciled(
    ComponentVersion,
    told=(
        Told(
            ("component.registered",),
            {
                "system_id": "system",
                "kind": "kind",
                "name": "name",
                "version": "version",
                "digest": "digest",
                "digest_kind": "digest_kind",
                "uri": "uri",
                "attributes": "attributes",
                "parents": "parents",
                "owner_username": "owner",
                "registered_at": "@at",
                "registered_by_id": "@actor_id",
                "registered_by_username": "@actor",
                "status": const("active"),
                "status_reason": const(""),
                "status_changed_at": const(None),
            },
            is_first=True,
        ),
        Told(
            ("component.deprecated", "component.revoked"),
            {"status": "status", "status_reason": "@reason", "status_changed_at": "@at"},
        ),
    ),
)

RECONCILED = (SYSTEMS, CHANNELS, SEGMENTS, COMPONENTS)
