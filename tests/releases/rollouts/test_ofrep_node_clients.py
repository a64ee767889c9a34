"""OFREP as OpenFeature's JavaScript clients see it: the one for servers, and the one for browsers."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from governance.access.roles import Scope
from releases.bundles.arms import Arm, arm_of
from releases.bundles.queries import live_assignment
from tests.factories.cast import token_for
from tests.factories.rollouts import advanced, planned, taken_back
from tests.factories.worlds import Prepared
from tests.outside import NODE_MODULES

pytestmark = pytest.mark.node

SLUG = "onboarding-liveness"
KEYS = [f"person-{number:02}" for number in range(100)]
"""So many that none of the arms of a tenth stays empty: once in 20,000 runs."""

FEW = KEYS[:30]
DEFAULT = {"release": "the last approved one"}
GUARDED = ({"kind": "guarded", "coverage": 0.1}, {"kind": "guarded", "coverage": 0.4}, {"kind": "general"})


class Asking:
    """A process of node that asks with the clients."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, client: str, subject: str, key: str = SLUG, **context: Any) -> dict[str, Any]:
        """What the client ``server`` or ``web`` answers for the subject on android."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"targetingKey": subject, "channel": "android", **context}
        line = json.dumps({"with": client, "key": key, "default": DEFAULT, "context": asked})
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@pytest.fixture
def asking(committed: Prepared, address: str, tmp_path: Path) -> Iterator[Asking]:
    """The decision service in node. Modules are found beside the script, so both stand in one place."""
    shutil.copy(Path(__file__).parent / "node_clients" / "ask.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    secret = token_for(committed.here.cast.integration, Scope.FLAGS)
    process = subprocess.Popen(
        ["node", "ask.mjs", address, secret],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield Asking(process)
    process.communicate()


def test_both_clients_keep_each_subject_in_its_arm_while_coverage_grows_and_get_stable_before_and_after(
    committed: Prepared, asking: Asking
) -> None:
    here = committed.here
    before = [asking.ask(client, "person-01") for client in ("server", "web")]
    deployment = planned(here, *GUARDED)
    small = {key: asking.ask("server", key) for key in KEYS}
    advanced(here, deployment)
    assignment = live_assignment(here.cast.channel("android"))
    assert assignment is not None
    large = {key: asking.ask("server", key) for key in KEYS}
    in_browsers = {key: asking.ask("web", key) for key in FEW}
    taken_back(here)
    exposed = [key for key in FEW if arm_of(assignment, key) is Arm.CANDIDATE]
    after = [asking.ask(client, key) for client in ("server", "web") for key in exposed]

    assert {key: one["variant"] for key, one in large.items()} == {
        key: arm_of(assignment, key).value for key in KEYS
    }
    assert {key: one["variant"] for key, one in in_browsers.items()} == {
        key: arm_of(assignment, key).value for key in FEW
    }
    moved = {key for key in KEYS if small[key]["variant"] not in {"stable", large[key]["variant"]}}
    assert (moved, {one["variant"] for one in small.values()}) == (set(), {"candidate", "control", "stable"})
    assert {one["value"]["release"] for one in large.values() if one["variant"] == "candidate"} == {"v2"}
    assert {(one["variant"], one["value"]["release"], one["reason"]) for one in (*before, *after)} == {
        ("stable", "baseline", "STATIC")
    }


def test_the_browsers_client_sends_the_tag_back_and_uses_what_it_has_where_nothing_changed(
    committed: Prepared, asking: Asking
) -> None:
    first = asking.ask("web", "person-01")
    again = asking.ask("web", "person-01", purpose="the context changed in what we do not read")
    planned(committed.here, *GUARDED)
    changed = asking.ask("web", "person-01", purpose="and once more")

    assert (first["calls"], again["calls"], changed["calls"]) == ([200], [304], [200])
    assert first["value"] == again["value"]
    assert (first["reason"], changed["reason"]) == ("STATIC", "SPLIT")


@pytest.mark.parametrize("client", ["server", "web"])
def test_on_a_refusal_the_clients_use_their_default(committed: Prepared, asking: Asking, client: str) -> None:
    answer = asking.ask(client, "person-01", channel="fax")

    assert answer["value"] == DEFAULT
    assert answer["reason"] == "ERROR"
    assert answer["calls"] == [400]
