"""What people do to a gate policy as a whole: draft it, write it as JSON, lock it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.template.response import TemplateResponse

from governance.access.admin_acts import Act, ActForm, Words
from governance.access.admin_base import admin_url
from governance.access.admin_parts import json_document
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from governance.access.roles import Permission
from governance.actors import Actor
from governance.registry.admin_acts import OnSystem, OnSystemForm
from releases.gates.models import GatePolicy
from releases.gates.policies.form_fields import StrictJsonField
from releases.gates.policies.parsing import CriterionInput, written
from releases.gates.policies.policy_page import comparison_shown, crumbs_to, policy_before, standing_of
from releases.gates.policies.services import draft_policy, edit_policy, lock_policy
from releases.gates.policies.starting import starting_criteria
from releases.gates.queries import content_digest
from releases.gates.serializers import KIND_CHOICES, PolicyContentBody

HELP = (
    "A list of objects with key, kind, title, spec, severity and mode, as the interface takes them. "
    "Shares are between 0 and 1; 5 points are 0.05. Kinds: "
    + ", ".join(key for key, _ in KIND_CHOICES)
    + ". Severity is blocking or advisory, mode enforce or observe."
)
CODE = forms.Textarea(attrs={"class": "cs-code", "spellcheck": "false"})


class PolicyFields(forms.Form):
    """What a policy holds."""

    description = forms.CharField(
        label="Description",
        required=False,
        max_length=10_000,
        help_text="What it is for, in a sentence or two.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    out_of_scope = StrictJsonField(
        label="Out of scope (JSON)",
        required=False,
        help_text='A list of {"what", "reason"}: what is left out, and why.',
        widget=CODE,
    )
    criteria = StrictJsonField(label="Criteria (JSON)", help_text=HELP, widget=CODE)

    def clean(self) -> dict[str, Any]:
        """Criteria as the service takes them; every problem names its place."""
        given = super().clean() or {}
        if "criteria" in self.errors or "out_of_scope" in self.errors:
            return given
        body = {
            "description": given.get("description", ""),
            "out_of_scope": given.get("out_of_scope") or [],
            "criteria": [] if given.get("criteria") is None else given["criteria"],
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
    folded = ("out_of_scope", "criteria")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["criteria"].required = False

    def shown_first(self) -> list[forms.BoundField]:
        """What everybody fills in."""
        return [one for one in self.visible_fields() if one.name not in self.folded]

    def shown_folded(self) -> list[forms.BoundField]:
        """What pipelines and people who paste fill in."""
        return [self[name] for name in self.folded]

    @property
    def has_folded_errors(self) -> bool:
        """Whether the folded part must be seen."""
        return any(name in self.errors for name in self.folded)


class DraftPolicy(OnSystem):
    """Draft a policy."""

    form_class = DraftForm
    permission = Permission.DRAFT_POLICY
    page = "countersign/policy_draft.html"

    def words(self, target: None) -> Words:
        """What a draft does."""
        source = self.source()
        start = (
            f"It starts with every criterion of {source}."
            if source
            else "It starts with criteria that can be locked, from what the system has."
        )
        return Words(
            f"Draft the next version of {source}" if source else "Draft a gate policy",
            f"{start} Change them one by one on the next page, or add a preset there. A draft judges nothing "
            "until it is locked; then it never changes.",
            "Save draft",
        )

    def initial(self, target: None) -> dict[str, Any]:
        """What the policy that the link names holds, as its next version."""
        source = self.source()
        return _content(source) if source else {}

    def shown(self, form: ActForm, target: Any, *, status: int = 200) -> HttpResponse:
        """The form below the list."""
        listed = ("Gate policies", admin_url(GatePolicy, "changelist"))
        self.extra_context = {"crumbs": [listed, (self.words(target).title, "")]}
        return super().shown(form, target, status=status)

    def source(self) -> GatePolicy | None:
        """The policy that the address names by ``?from=``, within the reach."""
        try:
            key = UUID(self.request.GET.get("from", ""))
        except ValueError:
            return None
        rows = visible_to(GatePolicy.objects.select_related("system"), actor_from(self.request))
        return rows.filter(pk=key).first()

    def run(self, actor: Actor, target: None, given: dict[str, Any]) -> str:
        """Draft it; without criteria of its own it gets those that the system's usual policy has."""
        system = self.system(given)
        criteria: Sequence[CriterionInput] = given.pop("criteria")
        criteria = criteria or [CriterionInput(**one) for one in starting_criteria(system)]
        policy = draft_policy(actor, system=system, criteria=criteria, **given)
        self.made = policy.pk
        return f"{policy} is drafted. Lock it before the scores of a candidate are imported."

    def next_url(self, target: None) -> str:
        """The new policy, or the list."""
        made = getattr(self, "made", None)
        return admin_url(GatePolicy, "change", made) if made else admin_url(GatePolicy, "changelist")


class EditForm(PolicyFields, ActForm):
    """What a draft holds; ``read`` names what the writer has read."""

    read = forms.CharField(widget=forms.HiddenInput, max_length=71)


class PolicyAct(Act):
    """An act on one policy."""

    def rows(self) -> Any:
        """Policies, each with its criteria: what the page shows is what its ``read`` names."""
        return GatePolicy.objects.select_related("system").prefetch_related("criteria")

    def next_url(self, target: GatePolicy) -> str:
        """The policy."""
        return admin_url(GatePolicy, "change", target.pk)

    def shown(self, form: ActForm, target: Any, *, status: int = 200) -> HttpResponse:
        """The page below the policy's."""
        crumbs = crumbs_to(target, self.words(target).title)
        self.extra_context = {**(self.extra_context or {}), "policy": target, "crumbs": crumbs}
        return super().shown(form, target, status=status)

    def drawn(self, template: str, target: GatePolicy, title: str, context: dict[str, Any]) -> HttpResponse:
        """A page without a form of its own."""
        shared = {"policy": target, "title": title, "crumbs": crumbs_to(target, title)}
        whole = {**self.site.each_context(self.request), **shared, "back": self.next_url(target), **context}
        return TemplateResponse(self.request, template, whole)


class EditPolicy(PolicyAct):
    """Replace what a draft holds."""

    form_class = EditForm

    def words(self, target: GatePolicy) -> Words:
        """That a draft is replaced whole."""
        return Words(f"{target} as JSON", "The draft holds exactly what stands here.", "Save")

    def initial(self, target: GatePolicy) -> dict[str, Any]:
        """What it holds now."""
        return {**_content(target), "read": content_digest(target)}

    def run(self, actor: Actor, target: GatePolicy, given: dict[str, Any]) -> str:
        """Replace it."""
        edit_policy(actor, policy=target, expected=given.pop("read"), **given)
        return f"{target} is saved."


def _content(policy: GatePolicy) -> dict[str, Any]:
    """What a policy holds, as somebody would write it."""
    held = [
        {
            "key": one.key,
            "kind": one.kind,
            "title": one.title,
            "spec": one.spec,
            "severity": one.severity,
            "mode": one.mode,
        }
        for one in written(policy)
    ]
    return {
        "system": str(policy.system_id),
        "name": policy.name,
        "description": policy.description,
        "out_of_scope": json_document("", policy.out_of_scope).text,
        "criteria": json_document("", held).text,
    }


class ReadForm(ActForm):
    """An act on a policy as it was read."""

    read = forms.CharField(widget=forms.HiddenInput, max_length=71)


class LockPolicy(PolicyAct):
    """Lock a policy, with what it changes against the one in force in front of the reader."""

    form_class = ReadForm
    page = "countersign/policy_lock.html"

    def words(self, target: GatePolicy) -> Words:
        """What locking does."""
        effect = (
            "It is in force from now on and never changes; the one before it ends. Segments and "
            "the reference "
            "release are pinned as they are now."
        )
        return Words(f"Lock {target} of {target.system}", effect, "Lock")

    def initial(self, target: GatePolicy) -> dict[str, Any]:
        """What is locked is what was read."""
        return {"read": content_digest(target)}

    def shown(self, form: ActForm, target: Any, *, status: int = 200) -> HttpResponse:
        """The form below what it changes."""
        before = policy_before(target)
        self.extra_context = {
            "standing": standing_of(target),
            "found": comparison_shown(before, target) if before else None,
            "before": before,
        }
        return super().shown(form, target, status=status)

    def run(self, actor: Actor, target: GatePolicy, given: dict[str, Any]) -> str:
        """Lock it."""
        policy = lock_policy(actor, policy=target, expected=given["read"])
        if policy.in_force_until:
            return f"{policy} is locked. A later policy has replaced it."
        return f"{policy} is locked and in force."
