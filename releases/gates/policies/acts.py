"""What people do to gate policies: draft, edit, lock."""

from typing import Any
from uuid import UUID

from django import forms

from governance.access.admin_acts import Act, ActForm, Words
from governance.access.admin_base import admin_url
from governance.access.admin_parts import JsonField, json_document
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from governance.access.roles import Permission
from governance.actors import Actor
from governance.registry.admin_acts import OnSystem, OnSystemForm, systems_for
from releases.gates.models import GatePolicy
from releases.gates.policies.services import draft_policy, edit_policy, lock_policy
from releases.gates.policies.starting import starting_criteria
from releases.gates.queries import content_digest
from releases.gates.serializers import KIND_CHOICES, PolicyContentBody

PINS = frozenset({"pinned", "pinned_segments"})
HELP = (
    "What stands here at first is a start: change species, limits, margins and reasons to yours. "
    "Shares are between 0 and 1; 5 points are 0.05. Kinds: "
    + ", ".join(key for key, _ in KIND_CHOICES)
    + ". Severity is blocking or advisory, mode enforce or observe."
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
        """What the policy that the link names holds, as its next version; else criteria to start from."""
        source = self.source()
        if source:
            return _content(source)
        system = systems_for(actor_from(self.request), self.permission).order_by("slug").first()
        written = starting_criteria(system) if system else []
        return {"system": str(system.pk) if system else "", "criteria": json_document("", written).text}

    def source(self) -> GatePolicy | None:
        """The policy that the address names by ``?from=``, within the reach."""
        try:
            key = UUID(self.request.GET.get("from", ""))
        except ValueError:
            return None
        return visible_to(GatePolicy.objects.all(), actor_from(self.request)).filter(pk=key).first()

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
        return {**_content(target), "read": content_digest(target)}

    def run(self, actor: Actor, target: GatePolicy, given: dict[str, Any]) -> str:
        """Replace it."""
        edit_policy(actor, policy=target, expected=given.pop("read"), **given)
        return f"{target} is saved."


def _content(policy: GatePolicy) -> dict[str, Any]:
    """What a policy holds, as somebody would write it."""
    written = [
        {
            "key": row.key,
            "kind": row.kind,
            "title": row.title,
            "spec": _without_pins(row.spec),
            "severity": row.severity,
            "mode": row.mode,
        }
        for row in policy.criteria.order_by("position")
    ]
    return {
        "system": str(policy.system_id),
        "name": policy.name,
        "description": policy.description,
        "out_of_scope": json_document("", policy.out_of_scope).text,
        "criteria": json_document("", written).text,
    }


def _without_pins(spec: Any) -> Any:
    """The specification without what locking adds: the next lock pins anew."""
    if isinstance(spec, dict):
        return {key: _without_pins(part) for key, part in spec.items() if key not in PINS}
    return [_without_pins(part) for part in spec] if isinstance(spec, list) else spec


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
