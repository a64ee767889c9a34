"""Who is told how an evaluation ended and what was attested: whoever asked for the run, and the owner."""

from django.db.models import Q
from django.urls import reverse

from governance.access.models import Account
from governance.notifications.services import notify
from releases.bundles.queries import reading_scope
from releases.gates.models import Attestation, EvaluationStatus, GateEvaluation


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
        scope=reading_scope(revision),
    )


def tell_of_attestation(attestation: Attestation) -> None:
    """Step of the verb that attests; after its entry."""
    release, run = attestation.release, attestation.evaluation
    asked = Q(username=run.requested_by_username) if run else Q()
    notify(
        "attestation.made",
        subject=attestation,
        accounts=Account.objects.filter(Q(id=release.owner_id) | asked),
        context={
            "release": f"{release.name} revision {attestation.revision.number}",
            "system": str(release.system),
            "kind": attestation.kind.replace("_", " "),
            "conclusion": attestation.conclusion,
            "judged": "acceptable" if attestation.acceptable else "not acceptable",
        },
        path=reverse("admin:review", args=[attestation.revision_id]),
    )
