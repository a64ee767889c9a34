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
from releases.monitoring.drift.api import routes as drift_routes
from releases.monitoring.heartbeats.api import routes as heartbeat_routes
from releases.monitoring.incidents.api import routes as incident_routes
from releases.monitoring.replaying.api import routes as replay_routes
from releases.monitoring.terms.api import routes as terms_routes
from releases.monitoring.triggers.api import routes as trigger_routes
from releases.monitoring.windows.api import routes as observation_routes
from releases.rollouts.api import routes as rollout_routes
from releases.rollouts.drills_api import routes as drill_routes
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
    drill_routes,
    monitoring_routes,
    heartbeat_routes,
    observation_routes,
    incident_routes,
    drift_routes,
    replay_routes,
    terms_routes,
    trigger_routes,
)

urlpatterns: list[URLPattern | URLResolver] = [*router_of(*ROUTES).urls]
