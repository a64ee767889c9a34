"""Who is told of reviews after a launch: those who may review, and the owner of the release."""

from django.db.models import Q
from django.urls import reverse

from governance.access.models import Account
from governance.access.queries import grants_in_force
from governance.access.roles import Permission, roles_with
from governance.actors import moment
from governance.notifications.services import notify
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.drift.queries import serving


def tell_of_due_review(review: DriftReview) -> None:
    """Step of the engine's verb, after its entry."""
    names = serving().filter(revision=review.revision_id).values_list("channel__name", flat=True)
    notify(
        "drift_review.due",
        subject=review,
        accounts=Account.objects.filter(_may_review(review)),
        context={
            **_facts(review),
            "channels": list(names.order_by("channel__name")),
            "due_at": review.due_at,
        },
        path=page_of(review),
    )


def tell_of_conclusion(review: DriftReview) -> None:
    """Step of the verb that concludes, after its entries."""
    judged = "acceptable" if review.acceptable else "not acceptable"
    notify(
        "drift_review.concluded",
        subject=review,
        accounts=Account.objects.filter(_may_review(review) | Q(id=review.release.owner_id)),
        context={**_facts(review), "judged": judged, "reason": review.conclusion},
        path=page_of(review),
    )


def page_of(review: DriftReview) -> str:
    """The review's page."""
    return reverse("admin:releases_driftreview_change", args=[review.pk])


def _may_review(review: DriftReview) -> Q:
    roles = [role.value for role in roles_with(Permission.REVIEW_DRIFT)]
    acting = grants_in_force(moment()).filter(system=review.release.system_id, role__in=roles)
    return Q(id__in=acting.values("account_id"))


def _facts(review: DriftReview) -> dict[str, str]:
    return {
        "release": f"{review.release.name} revision {review.revision.number}",
        "system": str(review.release.system),
        "number": str(review.number),
    }
