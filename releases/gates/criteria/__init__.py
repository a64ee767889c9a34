"""The kinds of criteria: the one place where a kind is added, beside its file in this folder."""

from releases.gates.criteria import (
    absolute,
    attestation,
    calibration,
    completeness,
    disagreement,
    latency_quantile,
    max_errors,
    noninferiority,
    ratio_to_whole,
    retry_rate,
    superiority,
)
from releases.gates.judging.criterion import CriterionKind

KINDS: tuple[CriterionKind, ...] = (
    absolute.KIND,
    noninferiority.KIND,
    superiority.KIND,
    latency_quantile.KIND,
    retry_rate.KIND,
    disagreement.KIND,
    calibration.KIND,
    max_errors.KIND,
    ratio_to_whole.KIND,
    attestation.KIND,
    completeness.KIND,
)

KIND_OF: dict[str, CriterionKind] = {kind.key: kind for kind in KINDS}
