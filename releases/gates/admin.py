"""The screen of gate policies: criteria as sentences, what is left out, locking."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from governance.access.admin_base import GovernedAdmin, Offer, column, lock_reason, may_somewhere
from governance.access.admin_parts import Table, events_of_streams
from governance.access.queries import has_permission
from governance.access.requests import actor_from
from governance.access.roles import Permission
from releases.gates.models import GatePolicy, PolicyState
from releases.gates.policies.acts import DraftPolicy, EditPolicy, LockPolicy
from releases.gates.queries import criterion_of


@admin.register(GatePolicy)
class GatePolicyAdmin(GovernedAdmin):
    """Gate policies."""

    heading = "Gate policies"
    lead = "What a release must show. One locked policy of a system is in force at a time."
    list_display = ("policy_column", "state_column", "system", "locked_column", "drafted_by_username")
    list_filter = ("system", "state")
    search_fields = ("name",)
    list_select_related = ("system",)
    acts = (
        ("draft/", DraftPolicy, "draft"),
        ("<uuid:pk>/edit/", EditPolicy, "edit"),
        ("<uuid:pk>/lock/", LockPolicy, "lock"),
    )

    def list_offers(self, request: HttpRequest) -> Iterable[Offer]:
        """Drafting, for QA leads."""
        if may_somewhere(actor_from(request), Permission.DRAFT_POLICY):
            yield Offer("Draft a policy", self.url("draft"), "add", "cs-pri", is_dialog=False)

    def detail_context(self, request: HttpRequest, obj: GatePolicy) -> dict[str, Any]:
        """Criteria as sentences, what is left out, and locking."""
        look, chip, icon = _state(obj)
        rows = [
            (row.title, criterion_of(row).sentence(), "decides" if _decides(row) else "shown only")
            for row in obj.criteria.order_by("position")
        ]
        left_out = [(item.get("what", ""), item.get("reason", "")) for item in obj.out_of_scope]
        return {
            "headline": f"{obj} {SENTENCES[look]}",
            "support": obj.description,
            "look": look,
            "chips": [(look, chip, icon)],
            "lists": [
                Table(
                    "Criteria",
                    ("Criterion", "What it asks", ""),
                    rows,
                    note=f"{len(rows)}",
                    empty="None yet.",
                ),
                Table("Out of scope", ("What", "Why"), left_out, empty="Nothing is left out."),
            ],
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
            "events": events_of_streams([obj.stream()]),
            "offers": self._offers(request, obj),
        }

    def _offers(self, request: HttpRequest, obj: GatePolicy) -> list[Offer]:
        actor = actor_from(request)
        if obj.state != PolicyState.DRAFT:
            may = has_permission(actor, Permission.DRAFT_POLICY, obj)
            url = f"{self.url('draft')}?from={obj.pk}"
            return [Offer("Draft the next version", url, "edit", is_dialog=False)] if may else []
        edit = Offer("Edit", self.url("edit", obj.pk), "edit", is_dialog=False)
        lock = Offer(
            "Lock",
            self.url("lock", obj.pk),
            "lock",
            "cs-pri",
            lock_reason(actor, Permission.LOCK_POLICY, obj),
        )
        return [*([edit] if has_permission(actor, Permission.DRAFT_POLICY, obj) else []), lock]

    @column("Policy", "name")
    def policy_column(self, obj: GatePolicy) -> str:
        return str(obj)

    @column("State", "state")
    def state_column(self, obj: GatePolicy) -> str:
        return _state(obj)[1]

    @column("Locked", "locked_at")
    def locked_column(self, obj: GatePolicy) -> str:
        return f"{obj.locked_at:%-d %b %Y}" if obj.locked_at else "not yet"


SENTENCES = {
    "live": "is in force.",
    "open": "is a draft and judges nothing.",
    "void": "was replaced by a later policy.",
}


def _state(policy: GatePolicy) -> tuple[str, str, str]:
    if policy.state == PolicyState.DRAFT:
        return "open", "Draft", "edit"
    return ("void", "Replaced", "history") if policy.in_force_until else ("live", "In force", "gavel")


def _decides(row: Any) -> bool:
    return bool(row.severity == "blocking" and row.mode == "enforce")
