"""Screens of gate policies: criteria as sentences, draft, edit, lock."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from governance.access.admin_acts import Act, ActForm, Words
from governance.access.admin_base import GovernedAdmin, Offer, admin_url, column, lock_reason
from governance.access.admin_parts import JsonField, Table, events_of_streams, json_document
from governance.access.queries import has_permission, reach
from governance.access.requests import actor_from
from governance.access.roles import Permission
from governance.actors import Actor
from governance.registry.admin_acts import OnSystem, OnSystemForm
from releases.gates.models import GatePolicy, PolicyState
from releases.gates.policies import draft_policy, edit_policy, lock_policy
from releases.gates.queries import content_digest, criterion_of
from releases.gates.serializers import KIND_CHOICES, PolicyContentBody

HELP = (
    'A list of {"key", "kind", "title", "spec", "severity", "mode"}. Kinds: '
    + ", ".join(key for key, _ in KIND_CHOICES)
    + ". Severity blocking or advisory; mode enforce or observe."
)


class PolicyFields(forms.Form):
    """What a policy holds."""

    description = forms.CharField(
        label="Description", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    out_of_scope = JsonField(
        label="Out of scope (JSON)",
        required=False,
        help_text='A list of {"what", "reason"}: what is left out, and why.',
    )
    criteria = JsonField(label="Criteria (JSON)", help_text=HELP)

    def clean(self) -> dict[str, Any]:
        """Criteria as the service takes them; every problem names its place."""
        given = super().clean() or {}
        body = {
            "description": given.get("description", ""),
            "out_of_scope": given.get("out_of_scope") or [],
            "criteria": given.get("criteria"),
        }
        checked = PolicyContentBody(data=body)
        if not checked.is_valid():
            for field, problem in checked.errors.items():
                self.add_error(field if field in self.fields else None, _flat(problem))
            return given
        return {**given, **checked.validated_data}


def _flat(problem: Any, place: str = "") -> list[str]:
    """Nested problems as sentences, each with its place."""
    if isinstance(problem, dict):
        return [text for key, part in problem.items() for text in _flat(part, f"{place}.{key}".lstrip("."))]
    if isinstance(problem, list):
        return [
            text
            for index, part in enumerate(problem)
            for text in _flat(part, f"{place}[{index}]" if isinstance(part, dict | list) else place)
        ]
    return [f"{place}: {problem}" if place else str(problem)]


class DraftForm(PolicyFields, OnSystemForm):
    """A new policy, or the next version of a locked one."""

    name = forms.CharField(
        label="Name", max_length=100, help_text="The name of a locked policy makes its next version."
    )
    field_order = ("system", "name", "description", "out_of_scope", "criteria")


class EditForm(PolicyFields, ActForm):
    """What a draft holds; ``read`` names what the writer has read."""

    read = forms.CharField(widget=forms.HiddenInput, max_length=71)


class DraftPolicy(OnSystem):
    """Draft a policy."""

    form_class = DraftForm
    permission = Permission.DRAFT_POLICY

    def words(self, target: None) -> Words:
        """What a draft does."""
        return Words(
            "Draft a gate policy",
            "It judges nothing until it is locked; then it never changes.",
            "Save draft",
        )

    def initial(self, target: None) -> dict[str, Any]:
        """A copy of the policy that the link names, if there is one in reach."""
        return {"criteria": "[]"}

    def run(self, actor: Actor, target: None, given: dict[str, Any]) -> str:
        """Draft it."""
        policy = draft_policy(actor, system=self.system(given), **given)
        self.made = policy.pk
        return f"{policy} is drafted. Lock it before the scores of a candidate are imported."

    def next_url(self, target: None) -> str:
        """The new policy, or the list."""
        made = getattr(self, "made", None)
        return admin_url(GatePolicy, "change", made) if made else admin_url(GatePolicy, "changelist")


class PolicyAct(Act):
    """An act on one policy."""

    def rows(self) -> Any:
        """Policies."""
        return GatePolicy.objects.select_related("system")

    def next_url(self, target: GatePolicy) -> str:
        """The policy."""
        return admin_url(GatePolicy, "change", target.pk)


class EditPolicy(PolicyAct):
    """Replace what a draft holds."""

    form_class = EditForm

    def words(self, target: GatePolicy) -> Words:
        """That a draft is replaced whole."""
        return Words(f"Edit {target}", "The draft holds exactly what stands here.", "Save")

    def initial(self, target: GatePolicy) -> dict[str, Any]:
        """What it holds now."""
        return {
            "description": target.description,
            "out_of_scope": json_document("", target.out_of_scope).text,
            "criteria": json_document(
                "", [_as_written(row) for row in target.criteria.order_by("position")]
            ).text,
            "read": content_digest(target),
        }

    def run(self, actor: Actor, target: GatePolicy, given: dict[str, Any]) -> str:
        """Replace it."""
        edit_policy(actor, policy=target, expected=given.pop("read"), **given)
        return f"{target} is saved."


def _as_written(row: Any) -> dict[str, Any]:
    return {
        "key": row.key,
        "kind": row.kind,
        "title": row.title,
        "spec": row.spec,
        "severity": row.severity,
        "mode": row.mode,
    }


class LockPolicy(PolicyAct):
    """Lock a policy."""

    form_class = ActForm

    def words(self, target: GatePolicy) -> Words:
        """What locking does."""
        effect = (
            "It is in force from now on and never changes; the one before it ends. Segments and "
            "the reference "
            "release are pinned as they are now."
        )
        return Words(f"Lock {target} of {target.system}", effect, "Lock")

    def run(self, actor: Actor, target: GatePolicy, given: dict[str, Any]) -> str:
        """Lock it."""
        lock_policy(actor, policy=target)
        return f"{target} is locked and in force."


@admin.register(GatePolicy)
class GatePolicyAdmin(GovernedAdmin):
    """Gate policies."""

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
        found = reach(actor_from(request), Permission.DRAFT_POLICY)
        if found is not None and (found.everywhere or found.systems):
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
        if obj.state != PolicyState.DRAFT:
            return []
        actor = actor_from(request)
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
