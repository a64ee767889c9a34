"""Kinds of attestations: the one place where a kind is added, beside its file in this folder."""

from releases.gates.attestations import calibration_review, error_analysis
from releases.gates.attestations.kind import AttestationKind

KINDS: tuple[AttestationKind, ...] = (calibration_review.KIND, error_analysis.KIND)

KIND_OF: dict[str, AttestationKind] = {kind.key: kind for kind in KINDS}
