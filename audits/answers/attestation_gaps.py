"""Reviews that speak no more of what is live: of an older revision, or older than the policy allows."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from releases.gates.attestations import KINDS
from releases.gates.models import Attestation, GateCriterion, PolicyState
from releases.rollouts.models import Deployment

SECONDS_OF_A_DAY = 86_400


def stale_attestations(live: Sequence[Deployment], now: datetime) -> dict[UUID, str]:
    """By live revision, which of its reviews are stale and why. Two queries, however many are live."""
    releases = {row.release_id for row in live}
    rows = Attestation.objects.filter(release__in=releases).select_related("release", "revision")
    newest: dict[tuple[UUID, str], Attestation] = {}
    of_digest: dict[tuple[str, str], Attestation] = {}
    for made in rows.order_by("attested_at", "id"):
        newest[made.release_id, made.kind] = made
        of_digest[made.manifest_digest, made.kind] = made
    ages = _allowed_ages({row.revision.release.system_id for row in live})
    found: dict[UUID, list[str]] = {}
    for row in {row.revision_id: row for row in live}.values():
        for kind in KINDS:
            own = of_digest.get((row.revision.manifest_digest, kind.key))
            other = newest.get((row.release_id, kind.key))
            text = _of_another(row, other) if own is None else _too_old(own, ages, now)
            if text:
                found.setdefault(row.revision_id, []).append(f"the {kind.title.lower()} {text}")
    return {revision: "; ".join(texts) for revision, texts in found.items()}


def _of_another(row: Deployment, other: Attestation | None) -> str:
    """Never reviewed is for the gate to say, if its policy asks for it."""
    if other is None:
        return ""
    return f"is of revision {other.revision.number}, and revision {row.revision.number} is live"


def _too_old(own: Attestation, ages: dict[tuple[UUID, str], float], now: datetime) -> str:
    allowed = ages.get((own.release.system_id, own.kind))
    days = (now - own.attested_at).total_seconds() / SECONDS_OF_A_DAY
    if allowed is None or days <= allowed:
        return ""
    return f"is {days:.0f} days old, and the policy allows {allowed:g}"


def _allowed_ages(systems: set[UUID]) -> dict[tuple[UUID, str], float]:
    """By system and kind, the days that the policy in force allows."""
    rows = GateCriterion.objects.filter(
        kind="attestation",
        policy__system__in=systems,
        policy__state=PolicyState.LOCKED,
        policy__in_force_until__isnull=True,
    ).values_list("policy__system", "spec")
    return {
        (system, spec["attestation"]): spec["max_age_days"]
        for system, spec in rows
        if spec.get("max_age_days")
    }
