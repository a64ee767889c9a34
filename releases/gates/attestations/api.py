"""The HTTP interface of attestations."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.listing import GovernedFilterSet
from governance.access.rest import GovernedViewSet, Route
from governance.errors import NotFound
from releases.bundles.models import Release, Revision
from releases.gates.attestations.serializers import AttestationAnswer, AttestationBody
from releases.gates.attestations.services import attest
from releases.gates.models import Attestation, GateEvaluation


class AttestationFilter(GovernedFilterSet):
    """By release, revision, run, kind and whether it found things acceptable."""

    class Meta:
        model = Attestation
        fields = ("release", "revision", "evaluation", "kind", "acceptable")


class AttestationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """What reviewers state about frozen revisions after looking; the newest of a kind counts."""

    queryset = Attestation.objects.select_related("release", "revision")
    serializer_class = AttestationAnswer
    filterset_class = AttestationFilter
    ordering_fields = ("id", "attested_at")

    @extend_schema(request=AttestationBody, responses={201: AttestationAnswer})
    def create(self, request: Request) -> Response:
        """Attest; the gate decides again by itself.

        What to look at before: ``GET /gate-evaluations/{id}/calibration/`` and ``…/failures/``.
        """
        body = self.validated(AttestationBody)
        release = self.visible(Release.objects.all(), body.pop("release"), "release")
        named = body.pop("evaluation", None)
        run = self.visible(GateEvaluation.objects.all(), named, "evaluation") if named else None
        revision = _revision(release, body.pop("revision", None))
        made = attest(self.get_actor(), revision=revision, evaluation=run, **body)
        return self.created(made, AttestationAnswer, "attestation-detail")


def _revision(release: Release, number: int | None) -> Revision:
    revisions: QuerySet[Revision] = release.revisions.order_by("-number")
    found = (revisions if number is None else revisions.filter(number=number)).first()
    if found is None:
        raise NotFound(f"{release} has no revision {number}.")
    return found


routes: list[Route] = [("attestations", AttestationViewSet, "attestation")]
