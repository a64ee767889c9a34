"""The HTTP interface of dossiers, and of the bill of materials that is in them."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from audits.dossiers.bom import bom_of
from audits.dossiers.downloading import DossiersBusy, archive_response
from audits.dossiers.models import Dossier
from audits.dossiers.queries import dossiers_visible_to
from audits.dossiers.serializers import DossierAnswer, DossierBody
from audits.dossiers.services import request_dossier
from audits.dossiers.subjects import Subject
from governance.access.listing import GovernedFilterSet, refuse_unknown_parameters
from governance.access.problems import problem
from governance.access.requests import actor_from
from governance.access.rest import UUID_SHAPE, GovernedViewSet, Route
from governance.errors import NotFound, invalid
from releases.bundles.models import Release
from releases.bundles.queries import revisions_with_content
from releases.monitoring.decisions.models import Decision

BOM_TYPE = "application/vnd.cyclonedx+json; version=1.7"


class DossierFilter(GovernedFilterSet):
    """By what it is about, and by how far it is."""

    class Meta:
        model = Dossier
        fields = ("kind", "system", "release", "decision", "status")


class DossierViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Dossiers: ask for one, follow how far it is, fetch it."""

    queryset = Dossier.objects.all()
    serializer_class = DossierAnswer
    filterset_class = DossierFilter
    ordering_fields = ("id", "requested_at", "completed_at")

    def visible_rows(self) -> QuerySet[Dossier]:
        """Those of the systems that the caller audits, and the caller's own."""
        return dossiers_visible_to(actor_from(self.request))

    @extend_schema(request=DossierBody, responses={202: DossierAnswer})
    def create(self, request: Request) -> Response:
        """Ask for a dossier of a release, of a decision, or of a time; a worker makes it."""
        body = self.validated(DossierBody)
        period = body.get("period")
        subject = Subject(
            release=self._named(Release.objects.select_related("system"), body, "release"),
            decision=self._named(Decision.objects.select_related("channel__system"), body, "decision"),
            period=(period["from"], period["to"]) if period else None,
        )
        dossier = request_dossier(self.get_actor(), subject=subject)
        response = self.answered(dossier, DossierAnswer, status.HTTP_202_ACCEPTED)
        response["Location"] = reverse("dossier-detail", args=[dossier.id])
        return response

    @extend_schema(
        responses={(200, "application/zip"): OpenApiTypes.BINARY, 304: None, 503: OpenApiTypes.OBJECT}
    )
    @action(detail=True)
    def download(self, request: Request, pk: str) -> HttpResponseBase:
        """Fetch a complete dossier. It is made anew and has the digest that stands in the ledger,
        which is its entity tag too; how many are made at once is bounded, else the answer is 503."""
        refuse_unknown_parameters(request, set())
        try:
            return archive_response(request, self.get_object())
        except DossiersBusy as busy:
            return problem(
                code=busy.code,
                status_code=busy.status,
                title=busy.title,
                detail=busy.message,
                next_step=busy.next_step,
                errors=[],
                headers=busy.headers,
            )

    def _named(self, rows: QuerySet[Any], body: dict[str, Any], field: str) -> Any:
        return self.visible(rows, body[field], field) if field in body else None


class BomViewSet(GovernedViewSet):
    """What a release is made of, as a CycloneDX ML-BOM."""

    queryset = Release.objects.all()
    pagination_class = None

    @extend_schema(
        filters=False,
        responses={(200, "application/vnd.cyclonedx+json"): OpenApiTypes.OBJECT},
        operation_id="releases_bom_retrieve",
        parameters=[
            OpenApiParameter("pk", OpenApiTypes.UUID, OpenApiParameter.PATH),
            OpenApiParameter("revision", OpenApiTypes.INT, description="Its number; the newest if left out."),
        ],
    )
    def list(self, request: Request, pk: str) -> HttpResponse:
        """The parts of a revision with their digests, and what was measured of it."""
        refuse_unknown_parameters(request, {"revision"})
        release = self.get_queryset().filter(pk=pk).first()
        if release is None:
            raise NotFound(f"There is no release {pk}.")
        rows = revisions_with_content(release.revisions.all()).order_by("-number")
        number = request.query_params.get("revision")
        if number is not None:
            if not (number.isascii() and number.isdigit() and len(number) < 10):
                raise invalid("revision", f"{number[:40]!r} is no number of a revision.")
            rows = rows.filter(number=int(number))
        revision = rows.first()
        if revision is None:
            raise NotFound(f"{release} has no revision {str(number)[:40]}.")
        return HttpResponse(bom_of(revision), content_type=BOM_TYPE)


routes: list[Route] = [
    ("dossiers", DossierViewSet, "dossier"),
    (f"releases/(?P<pk>{UUID_SHAPE})/bom", BomViewSet, "release-bom"),
]
