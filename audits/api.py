"""The HTTP interface of this app: the routes of its slices, one line each."""

from django.urls import URLPattern, URLResolver, path

from audits.answers.answers_api import routes as release_answer_routes
from audits.answers.api import routes as answer_routes
from audits.answers.drift_api import routes as drift_routes
from audits.dossiers.api import routes as dossier_routes
from audits.records.api import LedgerKeyView
from audits.records.entries_api import routes as entry_routes
from audits.records.tree_api import CheckpointView, ConsistencyView, InclusionView, TileView
from audits.trace.api import routes as trace_routes
from governance.access.rest import router_of

urlpatterns: list[URLPattern | URLResolver] = [
    *router_of(
        answer_routes, release_answer_routes, drift_routes, trace_routes, entry_routes, dossier_routes
    ).urls,
    path("ledger/key", LedgerKeyView.as_view(), name="ledger-key"),
    path("ledger/checkpoint", CheckpointView.as_view(), name="ledger-checkpoint"),
    path("ledger/tile/<path:address>", TileView.as_view(), name="ledger-tile"),
    path("ledger/proofs/inclusion", InclusionView.as_view(), name="ledger-inclusion"),
    path("ledger/proofs/consistency", ConsistencyView.as_view(), name="ledger-consistency"),
]
