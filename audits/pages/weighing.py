"""Which result a reader weighs: the newest, also where an open request was made on an older one."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from releases.approvals.eligibility import effective_state
from releases.approvals.grounds import ground_in_words
from releases.approvals.models import ApprovalRequest, RequestState
from releases.bundles.models import Revision
from releases.gates.models import GateEvaluation
from releases.gates.overrides.queries import completed
from releases.gates.queries import latest_evaluation


@dataclass(frozen=True)
class Weighed:
    """What a page leads with. ``overtaken`` says in words what an open request was made on where the newest
    run came to another result; ``compare_url`` shows both."""

    evaluation: GateEvaluation | None
    overtaken: str = ""
    compare_url: str = ""


def weighed(revision: Revision, asked: ApprovalRequest | None) -> Weighed:
    """The result that an open request was made on while it is the newest; else the newest run."""
    if asked is None or effective_state(asked, timezone.now()) is not RequestState.OPEN:
        return Weighed(latest_evaluation(revision))
    rows = completed(revision).select_related("release__system", "revision", "policy", "progress")
    newest = rows.first()
    if newest is None or newest.result_digest == asked.evaluation.result_digest:
        return Weighed(asked.evaluation)
    compare = reverse("admin:evaluation_compare", args=[newest.pk])
    return Weighed(newest, ground_in_words(asked), f"{compare}?with={asked.evaluation_id}")
