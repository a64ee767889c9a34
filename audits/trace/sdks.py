"""Whether the SDK that a decision says it ran is that of its release."""

from governance.registry.models import ComponentVersion


def is_of_release(reported: str, own: ComponentVersion | None) -> bool:
    """Whether ``reported`` names ``own``, the SDK in the release's slot for the channel: with its name or by
    its version alone."""
    if own is None:
        return False
    version = str(own.attributes.get("semantic_version", own.version))
    return reported in {str(own), own.version, version, f"{own.name}_{version}", f"{own.name}-{version}"}
