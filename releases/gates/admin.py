"""The screen of gate policies: criteria as sentences, what is missing, what is left out, locking."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from governance.access.admin_base import GovernedAdmin, Offer, column, lock_reason, may_somewhere
from governance.access.admin_parts import Table
from governance.access.queries import has_permission
from governance.access.requests import actor_from
from governance.access.roles import Permission
from releases.gates.models import GatePolicy, PolicyState
from releases.gates.policies.acts import DraftPolicy, EditPolicy, LockPolicy
from releases.gates.policies.arranging import ArrangeCriteria, RemoveCriterion
from releases.gates.policies.comparison_acts import ComparePolicies
from releases.gates.policies.describing import DescribePolicy
from releases.gates.policies.editing import AddCriterion, EditCriterion, SayCriterion
from releases.gates.policies.policy_page import (
    comparison_url,
    criteria_shown,
    history_of,
    next_version_url,
    policy_before,
    standing_of,
)
from releases.gates.policies.preset_acts import AddPreset, ChoosePreset


@admin.register(GatePolicy)
class GatePolicyAdmin(GovernedAdmin):
    """Gate policies."""

    heading = "Gate policies"
    lead = "What a release must show. One locked policy of a system is in force at a time."
    list_display = ("policy_column", "state_column", "system", "locked_column", "drafted_by_username")
    list_filter = ("system", "state")
    search_fields = ("name",)
    list_select_related = ("system",)
    detail_template = "countersign/policy.html"
    acts = (
        ("draft/", DraftPolicy, "draft"),
        ("<uuid:pk>/edit/", EditPolicy, "edit"),
        ("<uuid:pk>/describe/", DescribePolicy, "describe"),
        ("<uuid:pk>/lock/", LockPolicy, "lock"),
        ("<uuid:pk>/comparison/", ComparePolicies, "comparison"),
        ("<uuid:pk>/presets/", ChoosePreset, "presets"),
        ("<uuid:pk>/presets/<slug:preset>/", AddPreset, "add_preset"),
        ("<uuid:pk>/arrange/", ArrangeCriteria, "arrange"),
        ("<uuid:pk>/say/", SayCriterion, "say"),
        ("<uuid:pk>/add-criterion/", AddCriterion, "add_criterion"),
        ("<uuid:pk>/remove-criterion/<path:key>/", RemoveCriterion, "remove"),
        ("<uuid:pk>/criteria/<path:key>/", EditCriterion, "criterion"),
    )

    def list_offers(self, request: HttpRequest) -> Iterable[Offer]:
        """Drafting, for QA leads."""
        if may_somewhere(actor_from(request), Permission.DRAFT_POLICY):
            yield Offer("Draft a policy", self.url("draft"), "add", "cs-pri", is_dialog=False)

    def detail_context(self, request: HttpRequest, obj: GatePolicy) -> dict[str, Any]:
        """Criteria as sentences, what it lacks, what is left out, and locking."""
        look, chip, icon = _state(obj)
        actor = actor_from(request)
        left_out = [(item.get("what", ""), item.get("reason", "")) for item in obj.out_of_scope]
        before, standing = policy_before(obj), standing_of(obj)
        return {
            "policy": obj,
            "headline": f"{obj} {SENTENCES[look]}",
            "support": obj.description,
            "look": look,
            "chips": [(look, chip, icon)],
            "criteria": criteria_shown(obj, actor),
            "standing": standing,
            "before": before,
            "comparison_url": comparison_url(obj, before) if before else "",
            "next_version_url": next_version_url(obj, actor),
            "lists": [Table("Out of scope", ("What", "Why"), left_out, empty="Nothing is left out.")],
            "facts": [
                ("System", obj.system),
                ("Drafted", f"{obj.drafted_at:%-d %b %Y} by {obj.drafted_by_username}"),
                (
                    "Locked",
                    f"{obj.locked_at:%-d %b %Y %H:%M} UTC by {obj.locked_by_username}"
                    if obj.locked_at
                    else "not yet",
                ),
                ("Replaced", f"{obj.in_force_until:%-d %b %Y}" if obj.in_force_until else "no"),
                ("Digest", obj.digest or "comes with the lock"),
            ],
            "events": history_of(obj),
            "offers": self._offers(request, obj, standing),
        }

    def _offers(self, request: HttpRequest, obj: GatePolicy, standing: dict[str, Any] | None) -> list[Offer]:
        actor = actor_from(request)
        if obj.state != PolicyState.DRAFT:
            url = next_version_url(obj, actor)
            return [Offer("Draft the next version", url, "edit", is_dialog=False)] if url else []
        add = Offer("Add a criterion", self.url("add_criterion", obj.pk), "add", is_dialog=False)
        preset = Offer("Add a preset", self.url("presets", obj.pk), "library_add", is_dialog=False)
        lock = Offer(
            "Lock",
            self.url("lock", obj.pk),
            "lock",
            "cs-pri",
            lock_reason(actor, Permission.LOCK_POLICY, obj) or _what_is_missing(standing),
            is_dialog=False,
        )
        return [*([add, preset] if has_permission(actor, Permission.DRAFT_POLICY, obj) else []), lock]

    @column("Policy", "name")
    def policy_column(self, obj: GatePolicy) -> str:
        return str(obj)

    @column("State", "state")
    def state_column(self, obj: GatePolicy) -> str:
        return _state(obj)[1]

    @column("Locked", "locked_at")
    def locked_column(self, obj: GatePolicy) -> str:
        return f"{obj.locked_at:%-d %b %Y}" if obj.locked_at else "not yet"


MEND_FIRST = "Mend first what stands under “Before it can be locked”."
SENTENCES = {
    "live": "is in force.",
    "open": "is a draft and judges nothing.",
    "void": "was replaced by a later policy.",
}


def _state(policy: GatePolicy) -> tuple[str, str, str]:
    if policy.state == PolicyState.DRAFT:
        return "open", "Draft", "edit"
    return ("void", "Replaced", "history") if policy.in_force_until else ("live", "In force", "gavel")


def _what_is_missing(standing: dict[str, Any] | None) -> str:
    """What would unlock the lock, while the draft is not sound."""
    return MEND_FIRST if standing and not standing["is_ready"] else ""
