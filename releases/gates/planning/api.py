"""The planner over HTTP: a question with a body, so a POST; it writes nothing and needs no key."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.queries import require
from governance.access.requests import actor_from
from governance.access.rest import GovernedViewSet, Route
from governance.access.roles import Permission
from governance.registry.models import ComponentVersion
from releases.gates.models import GatePolicy
from releases.gates.planning.plan import Wanted, made_plan
from releases.gates.planning.serializers import PlannerAnswer, PlannerBody, assumptions_of, counts_of
from releases.scores.models import ScoreTable


class PlannerViewSet(GovernedViewSet):
    """Which criteria of a policy cannot be decided, and how many subjects and presentations are missing."""

    queryset = GatePolicy.objects.select_related("system")
    serializer_class = PlannerAnswer

    @extend_schema(request=PlannerBody, responses=PlannerAnswer)
    def create(self, request: Request) -> Response:
        """Plan a policy, draft or locked, with a dataset's captures or with written counts."""
        body = self.validated(PlannerBody)
        policy = self.visible(self.queryset, body["policy"], "policy")
        require(actor_from(request), Permission.VIEW, policy)
        dataset = table = None
        if "dataset" in body:
            rows = ComponentVersion.objects.filter(system=policy.system, kind="dataset")
            dataset = self.visible(rows, body["dataset"], "dataset")
        if "score_table" in body:
            tables = ScoreTable.objects.filter(system=policy.system).select_related("dataset", "system")
            table = self.visible(tables, body["score_table"], "score_table")
        wanted = Wanted(
            dataset=dataset,
            score_table=table,
            counts=counts_of(body),
            design_effect=body.get("design_effect"),
            assumptions=assumptions_of(body),
            power=body["power"],
        )
        return Response(PlannerAnswer(made_plan(policy, wanted, timezone.now()).document()).data)


routes: list[Route] = [("planner", PlannerViewSet, "planner")]
