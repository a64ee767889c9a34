"""The HTTP interface of this app: the routes of its slices, one line each."""

from collections.abc import Sequence

from django.urls import URLPattern, URLResolver

from governance.access.rest import Route, router_of
from releases.approvals.api import routes as approval_routes
from releases.bundles.api import routes as bundle_routes
from releases.gates.api import routes as gate_routes
from releases.gates.attestations.api import routes as attestation_routes
from releases.gates.overrides.api import routes as override_routes
from releases.gates.planning.api import routes as planner_routes
from releases.monitoring.decisions.api import routes as monitoring_routes
from releases.rollouts.api import routes as rollout_routes
from releases.scores.api import routes as score_routes

ROUTES: tuple[Sequence[Route], ...] = (
    score_routes,
    bundle_routes,
    gate_routes,
    planner_routes,
    attestation_routes,
    override_routes,
    approval_routes,
    rollout_routes,
    monitoring_routes,
)

urlpatterns: list[URLPattern | URLResolver] = [*router_of(*ROUTES).urls]
