"""The HTTP interface of reviews after a launch: the calendar, the figures, the conclusion."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import UUIDFilter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.listing import GovernedFilterSet, TrueOrFalse, refuse_unknown_parameters
from governance.access.parsing import Text
from governance.access.rest import GovernedViewSet, Route, StrictSerializer
from governance.errors import invalid
from releases.monitoring.drift.figures import begins, figures_of, settled
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.drift.queries import listed_reviews, reviews_overdue
from releases.monitoring.drift.services import LONGEST_CONCLUSION, conclude_review


class ReviewConclusionBody(StrictSerializer):
    """What the figures show; ``until`` and ``figures_digest`` are those of the figures that were read."""

    acceptable = serializers.BooleanField()
    conclusion = Text(max_length=LONGEST_CONCLUSION)
    until = serializers.DateTimeField()
    figures_digest = Text(max_length=71)


class UntilQuery(StrictSerializer):
    """Where the period ends; five minutes ago at most by default."""

    until = serializers.DateTimeField(required=False)


class DriftReviewSerializer(serializers.ModelSerializer[DriftReview]):
    """A review that is due, or was done with the figures that it saw."""

    system = serializers.UUIDField(source="release.system_id", read_only=True)
    release_name = serializers.CharField(source="release.name", read_only=True)
    revision_number = serializers.IntegerField(source="revision.number", read_only=True)
    is_serving = serializers.BooleanField(read_only=True, help_text="Whether the revision is live somewhere.")
    figures = serializers.DictField(read_only=True, allow_null=True)

    class Meta:
        model = DriftReview
        fields = (
            "id",
            "system",
            "release",
            "release_name",
            "revision",
            "revision_number",
            "number",
            "launched_at",
            "due_at",
            "planned_at",
            "reminded_at",
            "is_serving",
            "reviewed_at",
            "reviewed_by_username",
            "acceptable",
            "conclusion",
            "figures",
            "figures_digest",
        )
        read_only_fields = fields


class FiguresAnswer(serializers.Serializer[Any]):
    """The figures of a review's period, and the digest that a conclusion names."""

    figures = serializers.DictField()
    figures_digest = serializers.CharField()


class DriftReviewFilter(GovernedFilterSet):
    """By system, release and revision; ``overdue`` and ``done``."""

    system = UUIDFilter(field_name="release__system")
    overdue = TrueOrFalse(method="late", label="Overdue")
    done = TrueOrFalse(method="finished", label="Done")

    class Meta:
        model = DriftReview
        fields = ("release", "revision")

    def late(self, rows: QuerySet[DriftReview], name: str, value: bool) -> QuerySet[DriftReview]:
        """Those that are overdue, or all others."""
        keys = reviews_overdue(timezone.now()).values("pk")
        return rows.filter(pk__in=keys) if value else rows.exclude(pk__in=keys)

    def finished(self, rows: QuerySet[DriftReview], name: str, value: bool) -> QuerySet[DriftReview]:
        """Those that are done, or not."""
        return rows.filter(reviewed_at__isnull=not value)


class DriftReviewViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """The calendar of reviews, the first due first."""

    queryset = listed_reviews()
    serializer_class = DriftReviewSerializer
    filterset_class = DriftReviewFilter
    ordering_fields = ("id", "due_at", "reviewed_at")
    ordering = ("due_at", "id")

    @extend_schema(
        responses={200: FiguresAnswer}, parameters=[OpenApiParameter("until", OpenApiTypes.DATETIME)]
    )
    @action(detail=True, methods=["get"])
    def figures(self, request: Request, pk: str) -> Response:
        """The figures of the review's period as they are now; its own once it is done."""
        refuse_unknown_parameters(request, {"until"})
        review: DriftReview = self.get_object()
        if review.figures is not None:
            answer = {"figures": review.figures, "figures_digest": review.figures_digest}
            return Response(FiguresAnswer(answer).data)
        asked = UntilQuery(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        until = asked.validated_data.get("until") or settled(timezone.now())
        if not begins(review) < until <= timezone.now():
            raise invalid("until", "it lies in the future, or before the period of this review.")
        found = figures_of(review, until)
        return Response(FiguresAnswer({"figures": found.document, "figures_digest": found.digest}).data)

    @extend_schema(request=ReviewConclusionBody, responses={200: DriftReviewSerializer})
    @action(detail=True, methods=["post"])
    def conclude(self, request: Request, pk: str) -> Response:
        """Say what the figures show."""
        body = self.validated(ReviewConclusionBody)
        done = conclude_review(self.get_actor(), review=self.get_object(), **body)
        return self.answered(done, DriftReviewSerializer)

    def still_visible(self, instance: Any) -> Any:
        """The review as lists show it."""
        super().still_visible(instance)
        return self.get_queryset().get(pk=instance.pk)


routes: list[Route] = [("drift-reviews", DriftReviewViewSet, "drift-review")]
