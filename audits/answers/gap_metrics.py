"""Open gaps in ``/metrics``, by kind and system: all of them, as they are computed for the board.

Without ``COUNTERSIGN_METRICS_TOKEN`` anybody may read the figures. Which system has which weakness is not for
anybody: then the gaps of all systems are added up.
"""

from collections import Counter
from collections.abc import Iterator

from django.conf import settings

from audits.answers.gap_kinds import KINDS
from audits.answers.gaps import gaps_visible_to
from governance.actors import task_actor
from governance.checks.metrics import Metric
from governance.registry.models import System

INSTALLATION = ""
"""The label ``system`` of gaps that are of no one system."""


def gap_metrics() -> Iterator[Metric]:
    """``countersign_gaps{kind, system}``: zeros too, so that a gap which closed is seen to have closed. Where
    nobody needs a token, without ``system``."""
    open_now = Counter(
        (gap.kind, gap.system.slug if gap.system else INSTALLATION)
        for gap in gaps_visible_to(task_actor("audits.metrics"))
    )
    if not settings.METRICS_TOKEN:
        sums = Counter(kind for kind, _ in open_now.elements())
        found = tuple(({"kind": kind.value}, float(sums[kind])) for kind in KINDS)
        yield Metric("countersign_gaps", "Open governance gaps of all systems by kind.", found)
        return
    systems = [INSTALLATION, *System.objects.order_by("slug").values_list("slug", flat=True)]
    samples = tuple(
        ({"kind": kind.value, "system": slug}, float(open_now[kind, slug]))
        for kind in KINDS
        for slug in systems
    )
    yield Metric("countersign_gaps", "Open governance gaps by kind and system.", samples)
