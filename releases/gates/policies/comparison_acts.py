"""The page of two policies side by side."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed

from governance.access.queries import visible_to
from governance.access.requests import actor_from
from releases.gates.models import GatePolicy
from releases.gates.policies.acts import PolicyAct
from releases.gates.policies.policy_page import comparison_shown, others_of, policy_before, spoken_state


class ComparePolicies(PolicyAct):
    """What changed from the policy that ``?with=`` names; without it from the one before."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The page."""
        now = self.target()
        then = self.then(now)
        others = others_of(now, actor_from(request))
        context = {
            "then": then,
            "found": comparison_shown(then, now) if then else None,
            "others": [(row.pk, f"{row}, {spoken_state(row)}") for row in others],
        }
        return self.drawn("countersign/policy_comparison.html", now, f"{now} compared", context)

    def then(self, now: GatePolicy) -> GatePolicy | None:
        """The policy to compare with, of the same system and within the reader's reach."""
        actor = actor_from(self.request)
        given = self.request.GET.get("with", "")
        if not given:
            before = policy_before(now)
            return visible_to(GatePolicy.objects.filter(pk=before.pk), actor).first() if before else None
        try:
            rows = GatePolicy.objects.filter(pk=UUID(given), system=now.system_id)
        except ValueError:
            raise Http404 from None
        found: GatePolicy | None = visible_to(rows, actor).first()
        if found is None:
            raise Http404
        return found

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Nothing is written here."""
        return HttpResponseNotAllowed(["GET"])
