"""The kinds of criteria: the one place where a kind is added, beside its file in this folder."""

from releases.gates.criteria import absolute, completeness, noninferiority
from releases.gates.criterion import CriterionKind

KINDS: tuple[CriterionKind, ...] = (absolute.KIND, noninferiority.KIND, completeness.KIND)

KIND_OF: dict[str, CriterionKind] = {kind.key: kind for kind in KINDS}
