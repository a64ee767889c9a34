"""Addresses of the pages that combine slices, under the admin site."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path

from audits.pages.answers_page import answers
from audits.pages.attestation_acts import AnalyseErrors, AttestCalibration
from audits.pages.back_test_page import back_test_page
from audits.pages.brief import brief
from audits.pages.comparing import compare
from audits.pages.dossier_acts import RequestForDecision, RequestForRelease
from audits.pages.dossier_page import dossier_now, download
from audits.pages.drafting import Draft, Edit, choose
from audits.pages.drift_page import drift
from audits.pages.front import running as running_front
from audits.pages.gap_page import board, count
from audits.pages.ledger_entry import ledger_body, ledger_entry, ledger_proof
from audits.pages.ledger_keys import ledger_keys
from audits.pages.ledger_list import ledger
from audits.pages.live import live_list
from audits.pages.overriding import ConfirmOverride, Expedite, GiveOverride
from audits.pages.planner import planner
from audits.pages.release_acts import Evaluate, Freeze, RequestApproval, Withdraw, WithdrawRequest
from audits.pages.release_page import running as running_release
from audits.pages.rollout_acts import ConfirmAdoption, ProposeAdoption, StartRollout
from audits.pages.rollout_page import rollout, rollout_now
from audits.pages.stage_acts import Advance, ApproveStage, Hold, Pause, Resume, RollBack, StartDrill
from audits.pages.trace_page import decision_search
from audits.pages.trigger_page import trigger
from audits.pages.voting import CastVote
from governance.access.admin_acts import act_path


def pages(site: AdminSite) -> list[URLPattern]:
    """The pages, each wrapped so that only signed-in persons reach it."""

    def page(route: str, view: Callable[..., Any], name: str) -> URLPattern:
        return path(route, site.admin_view(view), name=name)

    revision = "revision/<uuid:pk>"
    return [
        page("live/", live_list, "live"),
        page("gaps/", board, "gaps"),
        page("gaps/count/", count, "gap_count"),
        page("planner/", planner, "planner"),
        page("back-test/", back_test_page, "back_test"),
        page("rollout/<uuid:pk>/", rollout, "rollout"),
        page("rollout/<uuid:pk>/now/", rollout_now, "rollout_now"),
        page("rollout/<uuid:pk>/trigger/<uuid:key>/", trigger, "rollout_trigger"),
        *_acts_on_rollouts(site),
        page("running/", running_front, "running"),
        page("review/<uuid:pk>/", brief, "review"),
        act_path(site, "review/<uuid:pk>/override/", GiveOverride, "review_override"),
        act_path(site, "review/<uuid:pk>/expedite/", Expedite, "review_expedite"),
        act_path(
            site, "review/<uuid:pk>/override/<uuid:proposal>/", ConfirmOverride, "review_override_confirm"
        ),
        act_path(site, "review/<uuid:pk>/<slug:decision>/", CastVote, "review_vote"),
        page("draft/", choose, "release_draft"),
        act_path(site, "draft/<uuid:pk>/", Draft, "release_draft_form"),
        page(f"{revision}/running/", running_release, "release_running"),
        act_path(site, f"{revision}/edit/", Edit, "revision_edit"),
        act_path(site, f"{revision}/freeze/", Freeze, "revision_freeze"),
        act_path(site, f"{revision}/evaluate/", Evaluate, "revision_evaluate"),
        act_path(site, f"{revision}/request/", RequestApproval, "revision_request"),
        act_path(site, f"{revision}/withdraw-request/", WithdrawRequest, "revision_withdraw_request"),
        act_path(site, f"{revision}/withdraw/", Withdraw, "revision_withdraw"),
        act_path(site, f"{revision}/start/<uuid:channel>/", StartRollout, "revision_start"),
        act_path(site, f"{revision}/adopt/", ProposeAdoption, "revision_adopt"),
        act_path(site, f"{revision}/adopt/<uuid:proposal>/", ConfirmAdoption, "revision_confirm_adoption"),
        *_reviews(site),
        *_evidence(site),
    ]


def _acts_on_rollouts(site: AdminSite) -> list[URLPattern]:
    """What moves a rollout, or takes it back."""
    return [
        act_path(site, "rollout/<uuid:pk>/advance/", Advance, "rollout_advance"),
        act_path(site, "rollout/<uuid:pk>/approve-stage/", ApproveStage, "rollout_approve_stage"),
        act_path(site, "rollout/<uuid:pk>/drill/", StartDrill, "rollout_drill"),
        act_path(site, "rollout/<uuid:pk>/hold/", Hold, "rollout_hold"),
        act_path(site, "rollout/<uuid:pk>/pause/", Pause, "rollout_pause"),
        act_path(site, "rollout/<uuid:pk>/resume/", Resume, "rollout_resume"),
        act_path(site, "rollout/<uuid:pk>/roll-back/", RollBack, "rollout_roll_back"),
    ]


def _evidence(site: AdminSite) -> list[URLPattern]:
    """Where a decision comes from, the record itself, its keys, and what others check without us."""
    return [
        path("decisions/", site.admin_view(decision_search), name="decision_search"),
        path("ledger/", site.admin_view(ledger), name="ledger"),
        path("ledger/keys/", site.admin_view(ledger_keys), name="ledger_keys"),
        path("ledger/<uuid:pk>/", site.admin_view(ledger_entry), name="ledger_entry"),
        path("ledger/<uuid:pk>/proof/", site.admin_view(ledger_proof), name="ledger_proof"),
        path("ledger/<uuid:pk>/body/", site.admin_view(ledger_body), name="ledger_body"),
        act_path(site, "revision/<uuid:pk>/dossier/", RequestForRelease, "revision_dossier"),
        act_path(site, "decisions/<uuid:pk>/dossier/", RequestForDecision, "decision_dossier"),
        path("dossier/<uuid:pk>/now/", site.admin_view(dossier_now), name="dossier_now"),
        path("dossier/<uuid:pk>/download/", site.admin_view(download), name="dossier_download"),
    ]


def _reviews(site: AdminSite) -> list[URLPattern]:
    """What is looked at before a signature, and two runs side by side."""
    attest = "revision/<uuid:pk>/attest"
    compared = path("evaluation/<uuid:pk>/compare/", site.admin_view(compare), name="evaluation_compare")
    return [
        compared,
        path("drift/<uuid:pk>/", site.admin_view(drift), name="drift_report"),
        path("answers/<uuid:pk>/", site.admin_view(answers), name="release_answers"),
        act_path(
            site, f"{attest}/calibration-review/", AttestCalibration, "revision_attest_calibration_review"
        ),
        act_path(site, f"{attest}/error-analysis/", AnalyseErrors, "revision_attest_error_analysis"),
    ]
