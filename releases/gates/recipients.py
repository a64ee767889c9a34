"""Who is told how an evaluation ended: whoever asked for it, and the owner of the release."""

from django.db.models import Q
from django.urls import reverse

from governance.access.models import Account
from governance.notifications.services import notify
from releases.gates.models import EvaluationStatus, GateEvaluation


def tell_of_evaluation(evaluation: GateEvaluation) -> None:
    """Step of the two verbs that end an evaluation; after their entry."""
    release, revision = evaluation.release, evaluation.revision
    facts = {"release": f"{release.name} revision {revision.number}", "system": str(release.system)}
    if evaluation.status == EvaluationStatus.COMPLETED:
        event = "gate_evaluation.completed"
        facts |= {"verdict": evaluation.verdict, "sentence": evaluation.result["sentence"]}
    else:
        event = "gate_evaluation.failed"
        facts["error"] = evaluation.error
    notify(
        event,
        subject=evaluation,
        accounts=Account.objects.filter(
            Q(id=release.owner_id) | Q(username=evaluation.requested_by_username)
        ),
        context=facts,
        path=reverse("admin:review", args=[revision.pk]),
    )
