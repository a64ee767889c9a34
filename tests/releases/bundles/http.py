"""Talking to the interface of releases."""

from typing import Any

from django.test import Client

from releases.bundles.models import Revision
from tests.factories.bundles import Parts, body

RELEASES = "/api/v1/releases/"


def url(revision: Revision, verb: str = "") -> str:
    return f"{RELEASES}{revision.release_id}/{verb}"


def post(client: Client, address: str, data: Any = None, **headers: str) -> Any:
    return client.post(address, data or {}, content_type="application/json", headers=headers)


def patch(client: Client, address: str, data: Any, **headers: str) -> Any:
    return client.patch(address, data, content_type="application/json", headers=headers)


def full_body(here: Parts, name: str = "v3.1") -> dict[str, Any]:
    return {"system": str(here.system.id), "name": name, **body(here.content)}


def fields(response: Any) -> dict[str, str]:
    return {error["field"]: error["message"] for error in response.json()["errors"]}
