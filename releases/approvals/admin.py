"""Screens of approval rules: every version, and enacting the next with a second administrator."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest
from django.utils import timezone

from governance.access.admin_acts import Act, ActForm, Words
from governance.access.admin_base import GovernedAdmin, Offer, admin_url, column
from governance.access.admin_parts import JsonField, Table, events_of_streams, json_document
from governance.access.models import Proposal
from governance.access.queries import proposals_visible_to, reach
from governance.access.requests import actor_from
from governance.access.roles import Permission
from governance.actors import Actor
from governance.registry.admin_acts import OnSystem, OnSystemForm
from governance.registry.models import System
from releases.approvals.models import ApprovalRuleSet
from releases.approvals.rulebook import ANY, VOTING_ROLES
from releases.approvals.rules import VERB, submit_rules
from releases.bundles.categories import CATEGORIES

EXAMPLE = """[
  {"key": "approver", "title": "Release approver", "role": "approver", "count": 1},
  {"key": "security", "title": "Security review", "role": "security_reviewer",
   "channel_kinds": ["mobile_web", "desktop_web"], "coverage": "channel"}
]"""


class RulesForm(OnSystemForm):
    """The rules as a whole, and why they change."""

    rules = JsonField(
        label="Rules (JSON)",
        help_text=(
            "Each has key, title, role or people, count; and may be narrowed by categories and "
            "channel_kinds.\n"
            'coverage says where the people are asked for: "system" (the default) asks once, for the role '
            'on the whole system; "channel" asks on each touched channel that has the kind and the change, '
            "for the role granted there or on the whole system. One person may cover several channels of a "
            "rule, and counts for one rule only.\n"
            "expedite: true makes a rule for expedited releases alone; there it replaces the others.\n"
            f"Roles: {', '.join(VOTING_ROLES)}.\nCategories: {', '.join(CATEGORIES)}."
        ),
    )
    reason = forms.CharField(label="Reason", max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))


class EnactRules(OnSystem):
    """Propose new rules, or enact them where nobody else administers."""

    form_class = RulesForm
    permission = Permission.MANAGE_RULES
    proves = True

    def words(self, target: None) -> Words:
        """Two persons."""
        return Words(
            "Change the approval rules",
            "Another administrator confirms within 24 hours. Requests that are open keep the "
            "rules they were made under.",
            "Propose",
        )

    def initial(self, target: None) -> dict[str, Any]:
        """An example."""
        return {"rules": EXAMPLE}

    def run(self, actor: Actor, target: None, given: dict[str, Any]) -> str:
        """Propose or enact."""
        done = submit_rules(actor, system=self.system(given), **given)
        if isinstance(done, Proposal):
            return "The rules are proposed. Another administrator must confirm them within 24 hours."
        return f"{done} are in force."

    def next_url(self, target: None) -> str:
        """The list."""
        return admin_url(ApprovalRuleSet, "changelist")


class ConfirmRules(Act):
    """Second of two administrators: confirm exactly what was proposed."""

    form_class = ActForm
    proves = True

    def target(self) -> Proposal:
        """The proposal."""
        rows = proposals_visible_to(actor_from(self.request)).filter(verb=VERB)
        found = rows.filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        return found

    def words(self, target: Proposal) -> Words:
        """What is confirmed, rule by rule."""
        rules = "; ".join(said(rule) for rule in target.arguments["rules"])
        return Words(
            f"Confirm new approval rules for {target.system}",
            f"Proposed by {target.proposed_by_username}: {target.reason} Rules: {rules}.",
            "Confirm",
        )

    def run(self, actor: Actor, target: Proposal, given: dict[str, Any]) -> str:
        """Enact them."""
        system = System.objects.get(pk=target.arguments["system"])
        submit_rules(
            actor, system=system, rules=target.arguments["rules"], reason=target.reason, proposal=target.pk
        )
        return f"The new rules of {system} are in force."

    def next_url(self, target: Proposal) -> str:
        """The list."""
        return admin_url(ApprovalRuleSet, "changelist")


def said(rule: dict[str, Any]) -> str:
    """A rule in words."""
    who = " or ".join(rule.get("people") or []) or str(rule.get("role", "")).replace("_", " ")
    kinds = [kind.replace("_", " ") for kind in rule.get("channel_kinds", [ANY]) if kind != ANY]
    categories = [name.replace("_", " ") for name in rule.get("categories", [ANY]) if name != ANY]
    where = f" on {', '.join(kinds)}" if kinds else ""
    if rule.get("coverage") == "channel":
        where = f" on each of {', '.join(kinds) if kinds else 'the channels touched'}"
    when = f" for {', '.join(categories)}" if categories else ""
    haste = ", for expedited releases alone" if rule.get("expedite") else ""
    return f"{rule.get('count', 1)} × {who}{where}{when}{haste}"


@admin.register(ApprovalRuleSet)
class ApprovalRuleSetAdmin(GovernedAdmin):
    """Versions of approval rules."""

    heading = "Approval rules"
    lead = (
        "Who must approve what. The newest version of a system counts; "
        "a system without rules needs one approver."
    )
    list_display = ("system", "version", "rules_column", "enacted_column", "by_column")
    list_filter = ("system",)
    list_select_related = ("system",)
    list_display_links = ("system", "version")
    acts = (("enact/", EnactRules, "enact"), ("confirm/<uuid:pk>/", ConfirmRules, "confirm"))

    def list_offers(self, request: HttpRequest) -> Iterable[Offer]:
        """Changing and confirming, for administrators."""
        actor = actor_from(request)
        found = reach(actor, Permission.MANAGE_RULES)
        if found is None or not (found.everywhere or found.systems):
            return
        waiting = proposals_visible_to(actor).filter(
            verb=VERB, confirmed_at__isnull=True, expires_at__gt=timezone.now()
        )
        for row in waiting.exclude(proposed_by_id=actor.id).select_related("system")[:5]:
            yield Offer(f"Confirm rules of {row.system}", self.url("confirm", row.pk), "how_to_reg")
        yield Offer("Change the rules", self.url("enact"), "edit", "cs-pri", is_dialog=False)

    def detail_context(self, request: HttpRequest, obj: ApprovalRuleSet) -> dict[str, Any]:
        """Rule by rule."""
        newest = not ApprovalRuleSet.objects.filter(system=obj.system, version__gt=obj.version).exists()
        rows = [(rule["title"], said(rule)) for rule in obj.rules]
        ending = "is in force" if newest else "was replaced"
        return {
            "headline": f"Version {obj.version} of {obj.system}'s approval rules {ending}",
            "support": obj.reason,
            "look": "live" if newest else "void",
            "chips": [("live", "In force", "gavel")] if newest else [("void", "Replaced", "history")],
            "lists": [Table("Rules", ("Rule", "Asks for"), rows)],
            "documents": [json_document("As stored", obj.rules)],
            "facts": [("Enacted", f"{obj.enacted_at:%-d %b %Y} by {_by(obj)}")],
            "events": events_of_streams([obj.stream()]),
        }

    @column("Rules")
    def rules_column(self, obj: ApprovalRuleSet) -> str:
        return "; ".join(said(rule) for rule in obj.rules)

    @column("Enacted", "enacted_at")
    def enacted_column(self, obj: ApprovalRuleSet) -> str:
        return f"{obj.enacted_at:%-d %b %Y}"

    @column("By")
    def by_column(self, obj: ApprovalRuleSet) -> str:
        return _by(obj)


def _by(rules: ApprovalRuleSet) -> str:
    second = f" and {rules.confirmed_by_username}" if rules.confirmed_by_username else ""
    alone = " alone, as the sole administrator" if rules.sole_administrator else ""
    return f"{rules.enacted_by_username}{second}{alone}"
