"""Demo traffic: a decision service that goes on after the story, so that watching has something to see.

It knows nothing that a caller would not know: over HTTP, with a service's token, it asks by OFREP which
release answers a person, decides with the package's scores, and reports decisions and heartbeats. What is
rolled back in the demo it leaves within seconds.
"""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPException
from typing import Any

from django.utils import timezone

from releases.demo.gradgpad import SYSTEMS
from releases.demo.traffic import INSTANCES
from releases.demo.visits import CALM, CONNECTIONS_OPENED_ANEW, Crowd, Trouble

SYSTEM = "onboarding-liveness"
PEOPLE = {"android": 2, "ios": 4, "mobile_web": 2, "desktop_web": 4}
"""Who comes to each channel in a round."""

ROUND_SECONDS = 20.0
ANSWERS_WITHIN_SECONDS = 10.0
AGAIN_AFTER = timedelta(seconds=8)

SLOW_ON = "desktop_web"
"""Where the story's candidate has become slow, it stays so."""


@dataclass(frozen=True)
class Client:
    """The installation's interface, as the service reaches it."""

    address: str
    token: str

    def get(self, path: str) -> Any:
        """What stands there."""
        return self._ask(urllib.request.Request(f"{self.address}{path}"))  # noqa: S310 - a loopback address

    def post(self, path: str, body: bytes, kind: str = "application/json") -> Any:
        """What is answered to the body."""
        request = urllib.request.Request(f"{self.address}{path}", data=body)  # noqa: S310 - see above
        request.add_header("Content-Type", kind)
        return self._ask(request)

    def _ask(self, request: urllib.request.Request) -> Any:
        request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=ANSWERS_WITHIN_SECONDS) as answer:  # noqa: S310
            return json.load(answer)


@dataclass
class Service:
    """The decision service of one channel. ``stamps`` are the releases that it answered with last."""

    client: Client
    channel: str
    name: str
    crowd: Crowd
    stamps: list[str] = field(default_factory=list)

    def serve(self) -> Iterator[dict[str, Any]]:
        """The decisions of one round, each by the release that the interface names for the person."""
        self.stamps = []
        for seconds in self.crowd.moments(PEOPLE[self.name], ROUND_SECONDS):
            subject = self.crowd.pseudonym()
            answer = self._answering(subject)
            if answer is not None:
                yield from self._visit(subject, answer, ROUND_SECONDS - seconds)

    def beat(self) -> None:
        """Each instance says that it is alive, and what it answered with."""
        now = timezone.now().isoformat()
        for instance in INSTANCES:
            for stamp in self.stamps:
                said = {
                    "channel": self.channel,
                    "instance": f"{self.name}-{instance}",
                    "stamp": stamp,
                    "at": now,
                }
                self.client.post("/api/v1/heartbeats/", json.dumps(said).encode())

    def _answering(self, subject: str) -> dict[str, Any] | None:
        """What answers the person; None where nothing is live, or what the package has no scores of."""
        context = {"context": {"targetingKey": subject, "channel": self.name}}
        flag = self.client.post(f"/ofrep/v1/evaluate/flags/{SYSTEM}", json.dumps(context).encode())
        is_known = flag.get("value", {}).get("release") in SYSTEMS
        return dict(flag) if is_known else None

    def _visit(self, subject: str, flag: dict[str, Any], seconds_ago: float) -> Iterator[dict[str, Any]]:
        release, stamp = flag["value"]["release"], flag["value"]["digest"]
        if stamp not in self.stamps:
            self.stamps.append(stamp)
        trouble = self._trouble(flag)
        at, seen = timezone.now() - timedelta(seconds=seconds_ago), self.crowd.capture()
        told = {"channel": self.channel, "stamp": stamp, "subject": subject}
        first = self.crowd.answer(release, seen, trouble)
        yield self.crowd.decision(first, seen, at=at.isoformat(), attempt=1, **told)
        if self.crowd.tries_again(first):
            other = self.crowd.another(seen)
            again = self.crowd.answer(release, other, trouble)
            yield self.crowd.decision(again, other, at=(at + AGAIN_AFTER).isoformat(), attempt=2, **told)

    def _trouble(self, flag: dict[str, Any]) -> Trouble:
        is_slow = self.name == SLOW_ON and flag["variant"] == "candidate"
        return CONNECTIONS_OPENED_ANEW if is_slow else CALM


def services(client: Client) -> list[Service]:
    """The decision services of the story's channels."""
    rows = client.get("/api/v1/channels/?page_size=200")["results"]
    seed = int(time.time())
    return [
        Service(client, row["id"], row["name"], Crowd(row["name"], seed))
        for row in rows
        if row["name"] in PEOPLE
    ]


def one_round(client: Client, running: list[Service]) -> int:
    """People come to every channel; answers how many decisions were taken."""
    decisions = [one for service in running for one in service.serve()]
    lines = b"".join(json.dumps(one).encode() + b"\n" for one in decisions)
    taken = client.post("/api/v1/decisions/", lines, "application/x-ndjson") if decisions else {"accepted": 0}
    for service in running:
        service.beat()
    return int(taken["accepted"])


def go_on(client: Client, say: Callable[[str], None]) -> None:
    """Round after round until the process is ended. What goes wrong is said once and tried again."""
    running: list[Service] = []
    said = ""
    while True:
        began = time.monotonic()
        try:
            running = running or services(client)
            one_round(client, running)
            news = f"reporting people on {', '.join(one.name for one in running)}"
        except (OSError, HTTPException, ValueError) as error:
            running, news = [], f"nothing was reported: {error}"
        if news != said:
            say(news)
            said = news
        time.sleep(max(1.0, ROUND_SECONDS - (time.monotonic() - began)))
