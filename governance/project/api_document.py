"""How the interface describes itself: what drf-spectacular is told."""

from typing import Any

API_DOCUMENT: dict[str, Any] = {
    "TITLE": "Countersign",
    "DESCRIPTION": "Release governance for face-liveness decision systems.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "AccountKindEnum": "governance.access.models.AccountKind",
        "ChannelKindEnum": "governance.registry.models.ChannelKind",
        "ComponentKindEnum": "governance.registry.kinds.CHOICES",
        "ArmEnum": "releases.monitoring.windows.models.ARMS",
        "DeploymentStateEnum": "releases.rollouts.models.DeploymentState",
        "IncidentKindEnum": "releases.monitoring.incidents.models.IncidentKind",
        "RevisionStateEnum": "releases.bundles.models.RevisionState",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "governance.access.schema.document_problems",
    ],
}
