"""A run ended with another result than the one that an open request was made on: its voters are told.

Gates stand below requests, so the verb that completes a run starts this by name after its commit. Nothing is
closed by it: the voters decide, or whoever asked takes the request back.
"""

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from governance.access.models import Account
from governance.access.scopes import AccessScope
from governance.actors import Actor, acting_as
from governance.ledger.queries import entry_of
from governance.notifications.services import notify_afterwards
from releases.approvals.ballots import ballot_of
from releases.approvals.grounds import ground_in_words
from releases.approvals.models import ApprovalRequest
from releases.approvals.queries import open_request
from releases.approvals.recipients import able
from releases.gates.models import GateEvaluation

EVENT = "gate_evaluation.completed"


def tell_of_other_result(actor: Actor, *, evaluation: GateEvaluation) -> None:
    """Tell everybody who could vote or has voted, once however often this runs; whoever was told of the run
    already is not told again."""
    request, entry = open_request(evaluation.revision), entry_of(evaluation.stream(), EVENT)
    if request is None or entry is None or request.evaluation.result_digest == evaluation.result_digest:
        return
    channels = frozenset(request.channel_rows.values_list("channel_id", flat=True))
    notify_afterwards(
        actor,
        EVENT,
        cause=entry.id,
        subject=evaluation,
        accounts=_voters(actor, request),
        context={
            "actor": str(entry.document["actor"]["username"]),
            "release": f"{request.release.name} revision {request.revision.number}",
            "system": str(request.release.system),
            "verdict": evaluation.verdict,
            "sentence": evaluation.result["sentence"],
            "ground": ground_in_words(request),
        },
        path=reverse("admin:review", args=[request.revision_id]),
        scope=AccessScope(request.system_id, channels),
    )


def _voters(actor: Actor, request: ApprovalRequest) -> list[Account]:
    with acting_as(actor):
        ballot = ballot_of(request, actor.at or timezone.now())
    return list(Account.objects.filter(Q(id__in=able(ballot) | {vote.account_id for vote in ballot.votes})))
