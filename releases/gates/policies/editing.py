"""What people write of one criterion of a draft: a new one, or a change. Each saving is one edit."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse

from governance.access.admin_acts import ActForm, Words
from governance.access.admin_base import admin_url
from governance.access.requests import actor_from
from governance.actors import Actor
from governance.errors import InvalidInput, invalid
from releases.gates.criteria import KIND_OF, KINDS
from releases.gates.judging.criterion import Criterion, CriterionKind
from releases.gates.models import GatePolicy
from releases.gates.policies.acts import PolicyAct
from releases.gates.policies.comparing import flat
from releases.gates.policies.criterion_form import CriterionForm, about_of, initial_of, taken
from releases.gates.policies.form_words import label_of, text_of
from releases.gates.policies.lacking import readiness_of
from releases.gates.policies.parsing import CriterionInput, free_key, without_pins, written
from releases.gates.policies.policy_page import UNNAMED, may_edit, next_version_url, standing_of
from releases.gates.policies.services import edit_policy
from releases.gates.policies.soundness import Fix
from releases.gates.policies.system_facts import SystemFacts, facts_of
from releases.gates.queries import content_digest, criteria_of


class DraftAct(PolicyAct):
    """Base: an act on the criteria of a draft, which are read along with it."""

    facts: SystemFacts
    held: list[CriterionInput]

    def target(self) -> GatePolicy:
        """The policy; its criteria and what the system has are read along."""
        policy: GatePolicy = super().target()
        self.held, self.facts = written(policy), facts_of(policy.system)
        return policy

    def key(self) -> str:
        """The criterion that the address names; see ``criterion_url``."""
        named: str = self.kwargs["key"]
        return self.request.GET.get("key", named) if named == UNNAMED else named

    def replace_criteria(
        self, actor: Actor, target: GatePolicy, criteria: list[CriterionInput], read: str
    ) -> GatePolicy:
        """The draft with these criteria and all else as it is. What was sent before is answered as before,
        whatever the policy holds by now.
        """
        return edit_policy(
            actor,
            policy=target,
            criteria=criteria,
            description=target.description,
            out_of_scope=target.out_of_scope,
            expected=read,
        )


class CriterionAct(DraftAct, ABC):
    """Base: the form of one criterion of the policy that the address names."""

    form_class: ClassVar[type[ActForm]] = CriterionForm
    page = "countersign/criterion.html"

    @abstractmethod
    def kind(self) -> CriterionKind:
        """What the form asks for."""

    def current(self) -> CriterionInput | None:
        """What stands there now; None for a new one."""
        return None

    def form_arguments(self, actor: Actor, target: GatePolicy) -> dict[str, Any]:
        """The fields of the kind, with what the system has to choose from."""
        return {
            "kind": self.kind(),
            "facts": self.facts,
            "current": self.current(),
        }

    def shown(self, form: ActForm, target: Any, *, status: int = 200) -> HttpResponse:
        """The form beside its sentence and what the policy still lacks."""
        current = self.current()
        asked = {"kind": self.kind().key, **({"key": current.key} if current else {})}
        self.extra_context = {
            "kind": self.kind(),
            "standing": standing_of(target),
            "say_url": f"{admin_url(GatePolicy, 'say', target.pk)}?{urlencode(asked)}",
            "says": self.says(target, form),
        }
        return super().shown(form, target, status=status)

    def says(self, target: GatePolicy, form: ActForm) -> str:
        """The sentence of what was sent, or of what stands there."""
        if form.is_bound:
            return form.says() if isinstance(form, CriterionForm) else ""
        current = self.current()
        return stored_criterion(target, current.key).sentence() if current else ""


class EditCriterion(CriterionAct):
    """Change one criterion; where nobody may, it is shown."""

    found: CriterionInput

    def target(self) -> GatePolicy:
        """The policy, if it has the criterion."""
        policy = super().target()
        self.found = held_criterion(self.held, self.key())
        return policy

    def current(self) -> CriterionInput | None:
        """The criterion that the address names."""
        return self.found

    def kind(self) -> CriterionKind:
        """That of the criterion, which stays what it is."""
        return KIND_OF[self.found.kind]

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The form, or the criterion alone for whoever may not edit."""
        target = self.target()
        if may_edit(target, actor_from(request)):
            return super().get(request, **kwargs)
        return self.read_only(target)

    def read_only(self, target: GatePolicy) -> HttpResponse:
        """What it says, field by field."""
        criterion = stored_criterion(target, self.found.key)
        names = dict(self.facts.references)
        stated = flat(without_pins(criterion.spec_document()))
        rows = [
            (label_of(path), names.get(str(value)) or text_of(path, value)) for path, value in stated.items()
        ]
        context = {
            "criterion": criterion,
            "sentence": criterion.sentence(),
            "rows": [
                ("Severity", text_of("severity", criterion.severity)),
                ("Mode", text_of("mode", criterion.mode)),
                *rows,
            ],
            "next_version": next_version_url(target, actor_from(self.request)),
        }
        return self.drawn("countersign/criterion_read.html", target, criterion.title, context)

    def words(self, target: GatePolicy) -> Words:
        """Which one."""
        return Words(self.found.title, "", "Save criterion")

    def initial(self, target: GatePolicy) -> dict[str, Any]:
        """What it holds."""
        shown = initial_of(self.kind(), self.facts, spec=self.found.spec, current=self.found)
        return {**shown, "read": content_digest(target)}

    def run(self, actor: Actor, target: GatePolicy, given: dict[str, Any]) -> str:
        """Put it in its place."""
        changed = given["criterion"]
        criteria = [changed if one.key == changed.key else one for one in self.held]
        self.replace_criteria(actor, target, criteria, given["read"])
        return f"{changed.title} is saved."


class AddCriterion(CriterionAct):
    """Add a criterion; without a kind in the address, choose one first."""

    def kind(self) -> CriterionKind:
        """The kind that the address names."""
        found = KIND_OF.get(self.request.GET.get("kind", ""))
        if found is None:
            raise Http404
        return found

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The kinds to choose from, or the form of one."""
        if request.GET.get("kind"):
            return super().get(request, **kwargs)
        target = self.target()
        context = {
            "kinds": [(kind, about_of(kind)) for kind in KINDS],
            "add_url": admin_url(GatePolicy, "add_criterion", target.pk),
            "presets_url": admin_url(GatePolicy, "presets", target.pk),
        }
        return self.drawn("countersign/criterion_kinds.html", target, "Add a criterion", context)

    def words(self, target: GatePolicy) -> Words:
        """Of which kind."""
        return Words(f"Add: {self.kind().title}", about_of(self.kind()), "Add criterion")

    def fix(self, target: GatePolicy) -> Fix | None:
        """What the policy lacks, if the address names that."""
        code = self.request.GET.get("fix", "")
        return readiness_of(criteria_of(target), self.facts).fix(code) if code else None

    def initial(self, target: GatePolicy) -> dict[str, Any]:
        """Usual values; for what the policy lacks, what it would be."""
        fix, kind = self.fix(target), self.kind()
        spec = self._of_the_system(fix.spec) if fix and fix.kind == kind.key else {}
        taken = {one.key for one in self.held}
        wanted = f"{fix.metric}_{'_'.join(fix.code.split('-')[2:])}" if fix else kind.key
        shown = initial_of(kind, self.facts, spec=spec)
        title = fix.title if fix else kind.title
        return {"title": title, "key": free_key(wanted, taken), **shown, "read": content_digest(target)}

    def _of_the_system(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Names that a fix leaves open, filled with those that the system has."""
        known = {"species": list(self.facts.species), "segments": list(self.facts.protected)}
        strata = {cut: names or known.get(cut, []) for cut, names in spec["strata"].items()}
        return {**spec, "strata": strata}

    def run(self, actor: Actor, target: GatePolicy, given: dict[str, Any]) -> str:
        """Append it; a key that is taken is the service's to refuse, for the form may be sent twice."""
        added: CriterionInput = given["criterion"]
        try:
            self.replace_criteria(actor, target, [*self.held, added], given["read"])
        except InvalidInput as refusal:
            if added.key in {one.key for one in self.held}:
                raise invalid("key", taken(added.key)) from refusal
            raise
        return f"{added.title} is added."


class SayCriterion(CriterionAct):
    """The sentence of a criterion while it is being written; nothing is kept."""

    def current(self) -> CriterionInput | None:
        """The criterion that the address names, if there is one."""
        return next((one for one in self.held if one.key == self.request.GET.get("key")), None)

    def kind(self) -> CriterionKind:
        """The kind that the address names."""
        found = KIND_OF.get(self.request.GET.get("kind", ""))
        if found is None:
            raise Http404
        return found

    def form_arguments(self, actor: Actor, target: GatePolicy) -> dict[str, Any]:
        """Here nothing is sent twice, so a key that is taken is said at once."""
        keys = frozenset(one.key for one in self.held)
        return {**super().form_arguments(actor, target), "taken": keys}

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """A form is wanted."""
        return HttpResponseNotAllowed(["POST"])

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The sentence, or what is missing for one."""
        form = self.form(self.target(), data=request.POST)
        for name in ("act_key", "read"):  # they are of an act, and this is none
            del form.fields[name]
        form.is_valid()
        problems = [
            (form.fields[name].label if name in form.fields else "", error)
            for name, errors in form.errors.items()
            for error in errors
        ]
        says = form.says() if isinstance(form, CriterionForm) else ""
        return TemplateResponse(
            request, "countersign/criterion_says.html", {"says": says, "problems": problems}
        )


def held_criterion(held: Sequence[CriterionInput], key: str) -> CriterionInput:
    """The criterion of this key.

    Raises:
        Http404: there is none.
    """
    found = next((one for one in held if one.key == key), None)
    if found is None:
        raise Http404
    return found


def stored_criterion(policy: GatePolicy, key: str) -> Criterion:
    """The same as it is stored, with its pins."""
    return next(one for one in criteria_of(policy) if one.key == key)
