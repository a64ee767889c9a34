"""What the pages of a policy show: its criteria as sentences, what it lacks, what changed since another."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet, prefetch_related_objects
from django.urls import reverse

from governance.access.admin_base import admin_url
from governance.access.admin_parts import events_of_streams
from governance.access.queries import has_permission, visible_to
from governance.access.roles import Permission
from governance.actors import Actor
from governance.identifiers import new_id
from governance.ledger.events import EVENTS
from releases.gates.models import GatePolicy, PolicyState
from releases.gates.policies.comparing import compared, headline
from releases.gates.policies.lacking import Lack, readiness_of
from releases.gates.policies.parsing import fits_an_address
from releases.gates.policies.system_facts import facts_of
from releases.gates.queries import content_digest, criteria_of

OFFERED = 50
EDITED = "gate_policy.edited"
MOST_EVENTS = 200
UNNAMED = "-"
"""Stands in the address of a criterion's page where its key cannot."""


def criterion_url(policy: GatePolicy, key: str, name: str = "criterion") -> str:
    """The page of one criterion. Policies from before keys were checked hold some that no address can: they
    stand behind the question mark.
    """
    if fits_an_address(key):
        return admin_url(GatePolicy, name, policy.pk, key)
    return f"{admin_url(GatePolicy, name, policy.pk, UNNAMED)}?{urlencode({'key': key})}"


def criteria_shown(policy: GatePolicy, actor: Actor) -> dict[str, Any]:
    """The list of criteria; where the reader may edit, with what moves them."""
    prefetch_related_objects([policy], "criteria")  # what is shown is what ``read`` names
    criteria = criteria_of(policy)
    editable = may_edit(policy, actor)
    rows = [
        {
            "criterion": one,
            "sentence": one.sentence(),
            "url": criterion_url(policy, one.key),
            "remove_url": criterion_url(policy, one.key, "remove"),
        }
        for one in criteria
    ]
    return {
        "rows": rows,
        "editable": editable,
        "arrange_url": admin_url(GatePolicy, "arrange", policy.pk),
        "add_url": admin_url(GatePolicy, "add_criterion", policy.pk),
        "presets_url": admin_url(GatePolicy, "presets", policy.pk),
        "describe_url": admin_url(GatePolicy, "describe", policy.pk),
        "json_url": admin_url(GatePolicy, "edit", policy.pk),
        "read": content_digest(policy),
        "act_key": str(new_id()),
    }


def may_edit(policy: GatePolicy, actor: Actor) -> bool:
    """Whether the reader may change it: it is a draft, and the grants allow it."""
    return policy.state == PolicyState.DRAFT and has_permission(actor, Permission.DRAFT_POLICY, policy)


def standing_of(policy: GatePolicy) -> dict[str, Any] | None:
    """The standing box of a draft: what the next lock would refuse, and how to mend it."""
    if policy.state != PolicyState.DRAFT:
        return None
    criteria, facts = criteria_of(policy), facts_of(policy.system)
    found = readiness_of(criteria, facts)
    return {
        "lacks": [_lack(policy, one) for one in found.lacks],
        "advice": found.advice,
        "is_ready": not found.lacks,
    }


def soundness_document(policy: GatePolicy) -> dict[str, Any]:
    """The same as data: what is missing, and the criteria that would mend it, as one would begin them."""
    found = readiness_of(criteria_of(policy), facts_of(policy.system))
    return {
        "can_be_locked": not found.lacks,
        "lacks": [
            {
                "message": lack.message,
                "criterion": lack.key or None,
                "would_mend": [
                    {"kind": fix.kind, "title": fix.title, "spec": fix.spec} for fix in lack.fixes
                ],
            }
            for lack in found.lacks
        ],
        "advice": list(found.advice),
    }


def _lack(policy: GatePolicy, lack: Lack) -> dict[str, Any]:
    add = admin_url(GatePolicy, "add_criterion", policy.pk)
    links = [(f"{add}?kind={fix.kind}&fix={fix.code}", f"Add: {fix.label}") for fix in lack.fixes]
    if lack.key:
        links.append((criterion_url(policy, lack.key), "Open the criterion"))
    return {"message": lack.message, "links": links}


def policy_before(policy: GatePolicy) -> GatePolicy | None:
    """What a draft would replace, or what a locked policy replaced; else the version before it."""
    same = GatePolicy.objects.filter(system=policy.system_id).exclude(pk=policy.pk)
    locked = same.filter(state=PolicyState.LOCKED)
    if policy.locked_at is None:
        found = locked.filter(in_force_until__isnull=True).first()
    else:
        found = locked.filter(locked_at__lt=policy.locked_at).order_by("-locked_at").first()
    return found or same.filter(name=policy.name, version__lt=policy.version).order_by("-version").first()


def others_of(policy: GatePolicy, actor: Actor) -> QuerySet[GatePolicy]:
    """Policies of the same system to compare with, the newest first."""
    rows = visible_to(GatePolicy.objects.filter(system=policy.system_id), actor)
    return rows.exclude(pk=policy.pk).order_by("-drafted_at")[:OFFERED]


def comparison_shown(then: GatePolicy, now: GatePolicy) -> dict[str, Any]:
    """The comparison, ready for its page."""
    found = comparison_document(then, now)
    return {**found, "headline": headline(found, str(then), str(now))}


def comparison_document(then: GatePolicy, now: GatePolicy) -> dict[str, Any]:
    """What changed from one policy to the other, also beside the criteria."""
    names = dict(facts_of(now.system).references)
    found = compared(criteria_of(then), criteria_of(now), names=names)
    return {
        "then": _head(then),
        "now": _head(now),
        **found,
        "out_of_scope": {
            "added": [one for one in now.out_of_scope if one not in then.out_of_scope],
            "removed": [one for one in then.out_of_scope if one not in now.out_of_scope],
        },
        "description_changed": then.description != now.description,
    }


def _head(policy: GatePolicy) -> dict[str, Any]:
    return {
        "id": str(policy.pk),
        "name": policy.name,
        "version": policy.version,
        "state": policy.state,
        "digest": policy.digest or content_digest(policy),
        "locked_at": policy.locked_at,
        "in_force_until": policy.in_force_until,
    }


def comparison_url(policy: GatePolicy, other: GatePolicy | None = None) -> str:
    """The page of the comparison."""
    url = reverse("admin:releases_gatepolicy_comparison", args=[policy.pk])
    return f"{url}?with={other.pk}" if other else url


def spoken_state(policy: GatePolicy) -> str:
    """``draft``, ``in force`` or ``replaced``."""
    if policy.state == PolicyState.DRAFT:
        return "draft"
    return "replaced" if policy.in_force_until else "in force"


def next_version_url(policy: GatePolicy, actor: Actor) -> str:
    """Where the next version of a locked policy is drafted; '' for a draft, and for whoever may not."""
    if policy.state == PolicyState.DRAFT or not has_permission(actor, Permission.DRAFT_POLICY, policy):
        return ""
    return f"{admin_url(GatePolicy, 'draft')}?from={policy.pk}"


def history_of(policy: GatePolicy) -> list[dict[str, Any]]:
    """The policy's events, the newest first; a run of edits by one person is one line with their number."""
    found: list[dict[str, Any]] = []
    edits: list[int] = []
    for event in events_of_streams([policy.stream()], most=MOST_EVENTS):
        title = event["title"]
        if found and title == EVENTS[EDITED].title and _is_alike(found[-1], event):
            edits[-1] += 1
            continue
        found.append(event)
        edits.append(1)
    return [
        {**event, "title": f"{event['title']}, {many} times"} if many > 1 else event
        for event, many in zip(found, edits, strict=True)
    ]


def _is_alike(later: dict[str, Any], earlier: dict[str, Any]) -> bool:
    return (later["title"], later["who"]) == (earlier["title"], earlier["who"])


def crumbs_to(policy: GatePolicy, title: str) -> list[tuple[str, str]]:
    """The way to a page below a policy's."""
    listed = ("Gate policies", admin_url(GatePolicy, "changelist"))
    return [listed, (str(policy), admin_url(GatePolicy, "change", policy.pk)), (title, "")]
