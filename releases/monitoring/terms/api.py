"""The HTTP interface of monitoring terms: read what is set, set it."""

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.bodies import LONGEST_REASON
from governance.access.parsing import Text
from governance.access.rest import GovernedViewSet, Route, StrictSerializer
from governance.registry.models import System
from releases.monitoring.terms.models import MonitoringTerms
from releases.monitoring.terms.services import LONGEST_NAME, MOST_ATTRIBUTES, MOST_REVIEWS, Wanted, set_terms


class TermsBody(StrictSerializer):
    """All terms of one system; there are no partial ones."""

    system = serializers.UUIDField()
    report_within_hours = serializers.IntegerField()
    replay_rate = serializers.FloatField()
    review_days = serializers.ListField(child=serializers.IntegerField(), max_length=MOST_REVIEWS)
    review_every_days = serializers.IntegerField()
    mix_attributes = serializers.ListField(
        child=Text(max_length=LONGEST_NAME), max_length=MOST_ATTRIBUTES, allow_empty=True
    )
    quality_attribute = Text(max_length=LONGEST_NAME)
    reason = Text(max_length=LONGEST_REASON)


class MonitoringTermsSerializer(serializers.ModelSerializer[MonitoringTerms]):
    """The terms of a system."""

    review_days = serializers.ListField(child=serializers.IntegerField(), read_only=True)
    mix_attributes = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = MonitoringTerms
        fields = (
            "id",
            "system",
            "report_within_hours",
            "replay_rate",
            "review_days",
            "review_every_days",
            "mix_attributes",
            "quality_attribute",
            "set_at",
            "set_by_username",
        )
        read_only_fields = fields


class MonitoringTermsViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Terms that somebody has set; a system without any has the defaults."""

    queryset = MonitoringTerms.objects.select_related("system")
    serializer_class = MonitoringTermsSerializer
    filterset_fields = ("system",)

    @extend_schema(request=TermsBody, responses={200: MonitoringTermsSerializer})
    def create(self, request: Request) -> Response:
        """Set the terms of a system from now on."""
        body = self.validated(TermsBody)
        system = self.visible(System.objects.all(), body.pop("system"), "system")
        reason = body.pop("reason")
        body["review_days"] = tuple(body["review_days"])
        body["mix_attributes"] = tuple(body["mix_attributes"])
        wanted = Wanted(**body)
        done = set_terms(self.get_actor(), system=system, wanted=wanted, reason=reason)
        return self.answered(done, MonitoringTermsSerializer)


routes: list[Route] = [("monitoring-terms", MonitoringTermsViewSet, "monitoring-terms")]
