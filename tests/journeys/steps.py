"""The steps of a journey, over HTTP only: what somebody sends, and what comes back."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from governance.access.models import Account
from tests.factories.bundles import CARD
from tests.factories.cast import PASSWORD, Cast
from tests.factories.gates import META, SPECIES, TONES, csv_of, measured, table_rows
from tests.factories.http import with_token
from tests.factories.registry import ATTRIBUTES

API = "/api/v1"
PATIENCE_SECONDS = 90.0
DECLARED = "sha256:" + "ab" * 32
PLAN = {"stages": [{"kind": "guarded", "coverage": 0.25}, {"kind": "general"}]}
CHANNELS = ("android", "mobile_web")
WRONG_TODAY = {"print": 4, "mask": 4, "1": 4, "6": 4}
WRONG_IN_CANDIDATE = {"print": 2, "mask": 3, "1": 2, "6": 3}


@dataclass
class Journey:
    """The cast with their clients: people have sessions, services and pipelines tokens."""

    cast: Cast
    clients: dict[str, Client]
    candidate: dict[str, Any] = field(default_factory=dict)

    def post(self, who: str, path: str, body: Any = None, *, status: int, **headers: str) -> Any:
        """Somebody posts JSON; the answer's body, once its status is the expected one."""
        answer = self.clients[who].post(
            f"{API}{path}", json.dumps(body or {}), content_type="application/json", headers=headers
        )
        assert answer.status_code == status, (answer.status_code, answer.content.decode())
        return answer.json()

    def get(self, who: str, path: str, *, status: int = 200) -> Any:
        """Somebody reads."""
        answer = self.clients[who].get(f"{API}{path}")
        assert answer.status_code == status, (answer.status_code, answer.content.decode())
        return answer.json()

    @property
    def system(self) -> str:
        """The system's id."""
        return str(self.cast.system.id)

    def channel(self, name: str) -> str:
        """A channel's id."""
        return str(self.cast.channel(name).id)


def _signed_in(account: Account) -> Client:
    """A browser's session: the login page of the admin, with the password."""
    client = Client()
    answer = client.post("/admin/login/?next=/healthz", {"username": account.username, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()
    return client


def travellers(cast: Cast) -> Journey:
    """A client for everybody: sessions for people, a token for the service."""
    people = (
        "admin admin_two author qa_lead security_reviewer security_all approver approver_two "
        "release_manager auditor stranger"
    )
    clients = {name: _signed_in(getattr(cast, name)) for name in people.split()}
    return Journey(cast, {**clients, "integration": with_token(cast.integration)})


def register(journey: Journey, kind: str, name: str, **changes: Any) -> Any:
    """The author registers a component."""
    attributes = {**ATTRIBUTES[kind], **changes}
    declared = {"digest": DECLARED} if kind in {"model", "sdk", "dataset"} else {}
    body = {"kind": kind, "system": journey.system, "name": name, "version": "1", **declared}
    return journey.post("author", "/components/", {**body, "attributes": attributes}, status=201)


def shared_parts(journey: Journey) -> dict[str, Any]:
    """Fusion, SDKs and the dataset that all releases of the journey share."""
    platforms = {"android": "android", "mobile_web": "web"}
    sdks = {
        name: register(journey, "sdk", f"{name}_sdk", platform=platform, semantic_version="2.3.0")
        for name, platform in platforms.items()
    }
    return {
        "fusion": register(journey, "fusion", "fusion"),
        "dataset": register(journey, "dataset", "faces", role="test"),
        "sdks": sdks,
    }


def stack_of(journey: Journey, shared: dict[str, Any], name: str) -> tuple[list[dict[str, Any]], str]:
    """The slots of a release with a model of its own, and its stack digest as the server computes it."""
    model = register(journey, "model", name)
    bands = [{"accept": 0.5}]
    policy = register(journey, "threshold_policy", f"{name}_policy", bands=bands, attempts_allowed=1)
    in_stack: list[dict[str, Any]] = [
        {"slot": "model", "component": model["id"]},
        {"slot": "fusion", "component": shared["fusion"]["id"]},
        {"slot": "threshold_policy", "component": policy["id"]},
        *(
            {"slot": "sdk", "component": sdk["id"], "channel": journey.channel(channel)}
            for channel, sdk in shared["sdks"].items()
        ),
    ]
    answer = journey.post("author", "/components/stack-digest/", {"slots": in_stack}, status=200)
    digest = str(answer["stack_digest"])
    report = register(
        journey,
        "evaluation_report",
        f"{name}_eval",
        dataset="faces",
        threshold_policy="p",
        stack_digest=digest,
    )
    slots = [
        *in_stack,
        {"slot": "dataset", "component": shared["dataset"]["id"], "role": "test"},
        {"slot": "evaluation_report", "component": report["id"]},
    ]
    return slots, digest


def draft(journey: Journey, name: str, slots: list[dict[str, Any]], who: str = "author") -> Any:
    """Somebody drafts a release that touches both channels."""
    plan = {"owner": "release_manager", "steps": "Roll back in the admin.", "triggers": ["Retries rise."]}
    body = {
        "system": journey.system,
        "name": name,
        "channels": [journey.channel(channel) for channel in CHANNELS],
        "slots": slots,
        "card": CARD,
        "rollout_plan": PLAN,
        "rollback_plan": plan,
    }
    return journey.post(who, "/releases/", body, status=201)


def import_table(journey: Journey, dataset: str, digest: str, errors: dict[str, int]) -> Any:
    """The pipeline uploads the scores of a stack."""
    file = SimpleUploadedFile("scores.csv", csv_of(table_rows(errors)))
    meta = json.dumps({**META, "dataset": dataset, "stack_digest": digest})
    answer = journey.clients["integration"].post(
        f"{API}/score-tables/", {"system": journey.system, "file": file, "meta": meta}
    )
    assert answer.status_code == 201, answer.content.decode()
    return answer.json()


def lock_policy(journey: Journey, reference: str) -> Any:
    """The QA lead defines segments, drafts a policy and locks it."""
    for tone in TONES:
        body = {
            "system": journey.system,
            "key": f"skin_tone_{tone}",
            "title": f"Skin tone {tone}",
            "predicate": {"attribute": "skin_tone", "operator": "eq", "value": tone},
            "protected": True,
            "reason": "People whom earlier systems failed.",
        }
        journey.post("qa_lead", "/segments/", body, status=201)
    body = {"system": journey.system, "name": "pad_gate", "criteria": _criteria(reference)}
    policy = journey.post("qa_lead", "/gate-policies/", body, status=201)
    return journey.post("qa_lead", f"/gate-policies/{policy['id']}/lock/", status=200)


def _criteria(reference: str) -> list[dict[str, Any]]:
    segments = {"segments": [f"skin_tone_{tone}" for tone in TONES]}
    species = {"species": list(SPECIES)}
    paired = [
        {
            "key": f"{metric}_{name}",
            "kind": "noninferiority",
            "title": f"{metric} against {name}",
            "spec": measured(
                metric=metric, strata=strata, margin=0.1, margin_reason="A journey's", baseline=baseline
            ),
        }
        for metric, strata in (
            ("bpcer", segments),
            ("apcer", species),
            ("bpnrr", segments),
            ("apnrr", species),
        )
        for name, baseline in (
            ("live", {"kind": "live"}),
            ("reference", {"kind": "pinned", "release": reference}),
        )
    ]
    absolute = measured(metric="apcer", strata=species, limit=0.45)
    return [
        {"key": "apcer", "kind": "absolute", "title": "Attacks accepted", "spec": absolute},
        *paired,
    ]


def adopt(journey: Journey, release: str) -> Any:
    """Two persons adopt what serves already: one proposes, the other repeats the call with the proposal."""
    body = {"channels": [journey.channel(name) for name in CHANNELS], "reason": "It serves since spring."}
    proposed = journey.post("release_manager", f"/releases/{release}/adopt/", body, status=202)
    confirm = {**body, "proposal": proposed["proposal"]}
    journey.post("release_manager", f"/releases/{release}/adopt/", confirm, status=403)
    return journey.post("approver", f"/releases/{release}/adopt/", confirm, status=201)


def evaluate(journey: Journey, release: str, who: str = "author") -> Any:
    """Somebody asks for an evaluation and reads until the worker has ended it."""
    asked = journey.post(who, "/gate-evaluations/", {"release": release}, status=202)
    deadline = time.monotonic() + PATIENCE_SECONDS
    found = asked
    while found["status"] == "requested" and time.monotonic() < deadline:
        time.sleep(0.2)
        found = journey.get(who, f"/gate-evaluations/{asked['id']}/")
    assert found["status"] == "completed", found
    return found


def tell_beginning(journey: Journey) -> None:
    """Up to an evaluated candidate that passed, beside an adopted release that serves both channels.

    ``journey.candidate`` then says what it is, and what the people met on the way.
    """
    shared = shared_parts(journey)
    slots, digest = stack_of(journey, shared, "first")
    first = draft(journey, "first", slots)
    adopt(journey, first["id"])
    policy = lock_policy(journey, first["id"])
    dataset = shared["dataset"]["id"]
    import_table(journey, dataset, digest, WRONG_TODAY)
    slots, digest = stack_of(journey, shared, "second")
    import_table(journey, dataset, digest, WRONG_IN_CANDIDATE)
    second = draft(journey, "second", slots)
    too_early = journey.post("author", "/approval-requests/", {"release": second["id"]}, status=409)
    frozen = journey.post("author", f"/releases/{second['id']}/freeze/", status=200)
    ungated = journey.post("author", "/approval-requests/", {"release": second["id"]}, status=409)
    journey.candidate = {
        "id": second["id"],
        "first": first["id"],
        "policy": policy,
        "frozen": frozen,
        "before_freeze": too_early,
        "before_gate": ungated,
        "evaluation": evaluate(journey, second["id"]),
    }
