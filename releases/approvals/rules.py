"""A system's rules of approval: which are in force, and the verbs that enact new ones."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from governance.access.models import Account, AccountKind, Proposal
from governance.access.presence import require_presence
from governance.access.proposals import confirm_proposal, record_confirmation, store_proposal
from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.verbs import record, verb
from governance.registry.models import System
from releases.approvals.models import ApprovalRuleSet
from releases.approvals.people import administrator_ids
from releases.approvals.recipients import tell_of_rules
from releases.approvals.rulebook import DEFAULT_RULE, Rule, RulesInForce, parse_rules
from releases.bundles.categories import CATEGORIES

VERB = "approval_rule.enacted"


class RulesNeedSecondPerson(GovernanceError):
    """Rules decide who approves; one administrator alone does not change them."""

    code = "second_person_needed"
    title = "A second person is needed"
    next_step = "Propose the rules; another administrator then repeats the call with the proposal's id."


def rule_set_in_force(system: System, at: datetime) -> ApprovalRuleSet | None:
    """The version of the system's rules that counts at ``at``, if one was enacted by then."""
    return ApprovalRuleSet.objects.filter(system=system, enacted_at__lte=at).order_by("-version").first()


def rules_in_force(system: System, at: datetime) -> RulesInForce:
    """The rules that count at ``at``: the newest version enacted by then, or one approver."""
    found = rule_set_in_force(system, at)
    if found is None:
        return RulesInForce(None, (DEFAULT_RULE,))
    return RulesInForce(found.version, tuple(Rule.model_validate(rule) for rule in found.rules))


def _checked(actor: Actor, system: System, rules: Any, reason: str) -> list[dict[str, Any]]:
    require(actor, Permission.MANAGE_RULES, system)
    require_presence(actor, "change who approves")
    parsed = parse_rules(rules, CATEGORIES)
    named = sorted({name for rule in parsed for name in rule.people})
    persons = Account.objects.filter(username__in=named, kind=AccountKind.PERSON, is_active=True)
    unknown = sorted(set(named) - set(persons.values_list("username", flat=True)))
    if unknown:
        raise invalid("people", f"{', '.join(unknown)}: no active account of a person has this name.")
    if not reason.strip():
        raise invalid("reason", "say why the rules change.")
    return [rule.model_dump(mode="json") for rule in parsed]


def _arguments(system: System, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"system": system.id, "rules": rules}


@verb("proposal.stored")
def propose_rules(actor: Actor, *, system: System, rules: Any, reason: str) -> Proposal:
    """First of two persons: propose rules for a system."""
    checked = _checked(actor, system, rules, reason)
    proposal = store_proposal(VERB, _arguments(system, checked), system_id=system.id, reason=reason)
    tell_of_rules(proposal, system)
    return proposal


def _second_person(
    actor: Actor, system: System, arguments: dict[str, Any], proposal: UUID | None
) -> tuple[Proposal | None, bool]:
    """The confirmed proposal, and whether the system's sole administrator acts alone."""
    if proposal is not None:
        return confirm_proposal(proposal, VERB, arguments), False
    others = administrator_ids(system.id, moment()) - {actor.id}
    if not others:
        return None, True
    raise RulesNeedSecondPerson(f"{system} has another administrator, who must confirm its rules.")


@verb("approval_rule.enacted")
def enact_rules(
    actor: Actor, *, system: System, rules: Any, reason: str, proposal: UUID | None = None
) -> ApprovalRuleSet:
    """Put a new version of the system's rules in force; it takes the ``proposal`` of another administrator.

    Requests that are open keep the rules they were made under. While nobody else administers the system
    the one administrator acts alone, and the entry says ``sole_administrator``.

    Raises:
        InvalidInput: naming the rule and the field that does not fit.
        RulesNeedSecondPerson: no proposal, and there is somebody who could confirm one.
    """
    checked = _checked(actor, system, rules, reason)
    arguments = _arguments(system, checked)
    System.objects.select_for_update(no_key=True).get(id=system.id)
    confirmed, sole = _second_person(actor, system, arguments, proposal)
    last = ApprovalRuleSet.objects.filter(system=system).order_by("-version").first()
    enacted = ApprovalRuleSet.objects.create(
        system=system,
        version=last.version + 1 if last else 1,
        rules=checked,
        reason=reason,
        enacted_at=moment(),
        enacted_by_username=confirmed.proposed_by_username if confirmed else actor.username,
        confirmed_by_username=actor.username if confirmed else "",
        sole_administrator=sole,
    )
    _record(enacted, last)
    if confirmed is not None:
        record_confirmation(confirmed)
    return enacted


def _record(enacted: ApprovalRuleSet, last: ApprovalRuleSet | None) -> None:
    record(
        enacted.stream(),
        before={"version": last.version, "rules": last.rules} if last else None,
        after={
            "system": enacted.system_id,
            "rules": enacted.rules,
            "version": enacted.version,
            "enacted_by": enacted.enacted_by_username,
            "confirmed_by": enacted.confirmed_by_username or None,
            "sole_administrator": enacted.sole_administrator,
        },
        reason=enacted.reason,
    )


def submit_rules(
    actor: Actor, *, system: System, rules: Any, reason: str, proposal: UUID | None = None
) -> ApprovalRuleSet | Proposal:
    """Enact the rules if ``proposal`` carries them or nobody else could confirm them, else propose them."""
    others = administrator_ids(system.id, actor.at or timezone.now()) - {actor.id}
    if proposal is None and others:
        return propose_rules(actor, system=system, rules=rules, reason=reason)
    return enact_rules(actor, system=system, rules=rules, reason=reason, proposal=proposal)
