"""Acts on gate policies as a browser does them, for the tests of the editor."""

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from governance.access.models import Account
from governance.registry.services import register_system
from releases.gates.models import GatePolicy
from releases.gates.policies.parsing import written
from releases.gates.policies.services import draft_policy
from tests.factories.cast import actor, grant, person
from tests.factories.http import signed_in
from tests.factories.worlds import Prepared

FORM = {
    "title": "Attacks accepted",
    "severity": "blocking",
    "mode": "enforce",
    "spec.metric": "apcer",
    "spec.strata.way": "species",
    "spec.strata.species": "print",
    "spec.limit": "0.2",
}
HIDDEN = re.compile(r'name="(act_key|read)" value="([^"]*)"')


def at(name: str, *args: object) -> str:
    return reverse(f"admin:releases_gatepolicy_{name}", args=args)


def drafted(prepared: Prepared) -> GatePolicy:
    """The next version of the policy in force, as it is."""
    before = GatePolicy.objects.get()
    lead = actor(prepared.here.cast.qa_lead)
    return draft_policy(lead, system=before.system, name=before.name, criteria=written(before))


def as_lead(prepared: Prepared) -> Client:
    return signed_in(prepared.here.cast.qa_lead)


def keys(policy: GatePolicy) -> list[str]:
    return list(policy.criteria.order_by("position").values_list("key", flat=True))


def lead_elsewhere(prepared: Prepared) -> Account:
    other = register_system(actor(prepared.here.cast.admin), slug="elsewhere", name="Elsewhere")
    lead = person("lead_elsewhere")
    grant(lead, "qa_lead", system=other)
    return lead


def hidden_of(client: Client, url: str) -> dict[str, str]:
    """What a page sends back unseen: the key of the act, and what was read."""
    return dict(HIDDEN.findall(client.get(url).content.decode()))


def pressed(client: Client, policy: GatePolicy, key: str, move: str, **changes: str) -> Any:
    """A button of the list, as the page sends it."""
    hidden = hidden_of(client, at("change", policy.pk))
    return client.post(at("arrange", policy.pk), {**hidden, "key": key, "move": move, **changes}, follow=True)
