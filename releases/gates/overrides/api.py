"""The HTTP interface of overrides: give, expedite, withdraw, review."""

from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django_filters import UUIDFilter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.bodies import ReasonBody
from governance.access.listing import GovernedFilterSet, TrueOrFalse, refuse_unknown_parameters
from governance.access.models import Proposal
from governance.access.rest import UUID_SHAPE, GovernedViewSet, Route
from governance.registry.models import Channel
from releases.bundles.models import Release
from releases.bundles.queries import newest_revision
from releases.gates.models import Override
from releases.gates.overrides.queries import listed_overrides, open_proposals
from releases.gates.overrides.reviewing import review_expedite
from releases.gates.overrides.serializers import (
    ConclusionBody,
    ExpediteBody,
    OverrideBody,
    OverrideProposalAnswer,
    OverrideProposalList,
    OverrideSerializer,
)
from releases.gates.overrides.services import submit_override, withdraw_override
from releases.gates.overrides.terms import OverrideTerms


class OverrideFilter(GovernedFilterSet):
    """By system, release, revision, verdict, expedite, and whether it counts now."""

    system = UUIDFilter(field_name="release__system")
    in_force = TrueOrFalse(method="counting", label="In force now")

    class Meta:
        model = Override
        fields = ("release", "revision", "verdict", "expedite", "trigger")

    def counting(self, rows: QuerySet[Override], name: str, value: bool) -> QuerySet[Override]:
        """Those in force, or those that are over."""
        now = Q(withdrawn_at__isnull=True, expires_at__gt=timezone.now(), result_digest=F("newest_result"))
        return rows.filter(now if value else ~now)


class OfTerms(GovernedViewSet):
    """What giving an override and expediting share."""

    def submitted(self, release: Release, body: dict[str, Any]) -> Response:
        """Give it (201), or propose it where it takes two persons (202)."""
        proposal = body.pop("proposal")
        named = body.pop("channels", None)
        channels = (
            None if named is None else [self.visible(Channel.objects.all(), one, "channels") for one in named]
        )
        done = submit_override(
            self.get_actor(),
            revision=newest_revision(release),
            terms=OverrideTerms(channels=channels, **body),
            proposal=proposal,
        )
        if isinstance(done, Proposal):
            return Response(OverrideProposalAnswer(done).data, status=status.HTTP_202_ACCEPTED)
        return self.created(done, OverrideSerializer, "override-detail")


class OverrideViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, OfTerms):
    """Overrides: the one way past a gate."""

    queryset = listed_overrides()
    serializer_class = OverrideSerializer
    filterset_class = OverrideFilter
    ordering_fields = ("id", "given_at", "expires_at")

    @extend_schema(request=OverrideBody, responses={201: OverrideSerializer, 202: OverrideProposalAnswer})
    def create(self, request: Request) -> Response:
        """Let a release past its gate: inconclusive, one person (201); failed, two (202, then 201)."""
        body = self.validated(OverrideBody)
        release = self.visible(Release.objects.all(), body.pop("release"), "release")
        return self.submitted(release, body)

    @extend_schema(
        operation_id="overrides_proposals_list", responses={200: OverrideProposalList}, filters=False
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def proposals(self, request: Request) -> Response:
        """Overrides that wait for their second person."""
        refuse_unknown_parameters(request, set())
        found = open_proposals(self.get_actor(), timezone.now())
        return Response(OverrideProposalList({"count": len(found), "results": found}).data)

    @extend_schema(request=ReasonBody, responses={200: OverrideSerializer})
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take an override back before an approval rests on it."""
        actor = self.get_actor()
        body = self.validated(ReasonBody)
        done = withdraw_override(actor, override=self.get_object(), reason=body["reason"])
        return self.answered(done, OverrideSerializer)

    @extend_schema(request=ConclusionBody, responses={200: OverrideSerializer})
    @action(detail=True, methods=["post"])
    def review(self, request: Request, pk: str) -> Response:
        """Say what a look back at an expedited release came to."""
        actor = self.get_actor()
        body = self.validated(ConclusionBody)
        done = review_expedite(actor, override=self.get_object(), conclusion=body["conclusion"])
        return self.answered(done, OverrideSerializer)


class ExpediteViewSet(OfTerms):
    """``POST /releases/{id}/expedite/``: an active attack, so two persons let it past its gate at once."""

    queryset = Release.objects.all()
    serializer_class = OverrideSerializer

    @extend_schema(
        request=ExpediteBody,
        responses={201: OverrideSerializer, 202: OverrideProposalAnswer},
        parameters=[OpenApiParameter("pk", OpenApiTypes.UUID, OpenApiParameter.PATH)],
    )
    def create(self, request: Request, pk: str) -> Response:
        """Propose to expedite the release (202), or confirm it as the second person (201)."""
        body = self.validated(ExpediteBody)
        release: Release = self.get_object()
        return self.submitted(release, {**body, "expedite": True})


routes: list[Route] = [
    ("overrides", OverrideViewSet, "override"),
    (f"releases/(?P<pk>{UUID_SHAPE})/expedite", ExpediteViewSet, "release-expedite"),
]
