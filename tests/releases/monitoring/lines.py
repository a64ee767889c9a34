"""Decisions as a decision service sends them."""

import gzip
import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.test import Client
from django.utils import timezone

from governance.registry.models import Channel
from tests.factories.http import Answer

URL = "/api/v1/decisions/"
NDJSON = "application/x-ndjson"


def decision(channel: Channel, /, **given: Any) -> dict[str, Any]:
    """A decision on the channel a minute ago; ``given`` overrides its fields."""
    return {
        "id": str(uuid4()),
        "at": (timezone.now() - timedelta(minutes=1)).isoformat(timespec="milliseconds"),
        "channel": str(channel.id),
        "stamp": "sha256:" + "0" * 64,
        "subject": "person-001",
        "scores": {"depth": 0.2, "texture": 0.4},
        "band": "accept",
        "outcome": "accept",
        "latency_ms": 118.5,
        **given,
    }


def without(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The decision without one of its fields."""
    return {key: value for key, value in document.items() if key != name}


def ndjson(documents: Iterable[Any]) -> bytes:
    """The decisions as lines; text is a line as it is."""
    lines = [one if isinstance(one, str) else json.dumps(one) for one in documents]
    return "".join(f"{line}\n" for line in lines).encode()


def post_lines(client: Client, documents: Iterable[Any], *, packed: bool = False) -> Answer:
    """The report of many lines."""
    data = ndjson(documents)
    if packed:
        headers = {"content-encoding": "gzip"}
        return client.post(URL, gzip.compress(data), content_type=NDJSON, headers=headers)
    return client.post(URL, data, content_type=NDJSON)


def post_one(client: Client, document: Any) -> Answer:
    """The report of one decision."""
    return client.post(URL, document, content_type="application/json")
