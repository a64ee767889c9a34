"""Reviews that speak no more of what is live: of an older revision, or older than the policy allows."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from audits.answers.policies import Policies
from releases.gates.attestations import KINDS
from releases.gates.models import Attestation
from releases.rollouts.models import Deployment

SECONDS_OF_A_DAY = 86_400


def stale_attestations(live: Sequence[Deployment], policies: Policies, now: datetime) -> dict[UUID, str]:
    """By live revision, which of its reviews are stale and why. One query, however many are live."""
    releases = {row.release_id for row in live}
    rows = Attestation.objects.filter(release__in=releases).select_related("release", "revision")
    newest: dict[tuple[UUID, str], Attestation] = {}
    of_digest: dict[tuple[str, str], Attestation] = {}
    for made in rows.order_by("attested_at", "id"):
        newest[made.release_id, made.kind] = made
        of_digest[made.manifest_digest, made.kind] = made
    found: dict[UUID, list[str]] = {}
    for row in {row.revision_id: row for row in live}.values():
        for kind in KINDS:
            own = of_digest.get((row.revision.manifest_digest, kind.key))
            other = newest.get((row.release_id, kind.key))
            text = _of_another(row, other) if own is None else _too_old(own, policies, now)
            if text:
                found.setdefault(row.revision_id, []).append(f"the {kind.title.lower()} {text}")
    return {revision: "; ".join(texts) for revision, texts in found.items()}


def _of_another(row: Deployment, other: Attestation | None) -> str:
    """Never reviewed is for the gate to say, if its policy asks for it."""
    if other is None:
        return ""
    return f"is of revision {other.revision.number}, and revision {row.revision.number} is live"


def _too_old(own: Attestation, policies: Policies, now: datetime) -> str:
    allowed = policies.attestation_days(own.release.system_id, own.kind)
    days = (now - own.attested_at).total_seconds() / SECONDS_OF_A_DAY
    if allowed is None or days <= allowed:
        return ""
    return f"is {days:.0f} days old, and the policy allows {allowed:g}"
