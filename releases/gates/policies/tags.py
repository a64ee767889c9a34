"""ETags of gate policies: what an answer is tagged with, and what ``If-Match`` names (RFC 9110, 13.1.1)."""

import re

from rest_framework.request import Request
from rest_framework.response import Response

from governance.errors import invalid
from releases.gates.models import GatePolicy
from releases.gates.policies.services import PolicyEditedMeanwhile
from releases.gates.queries import content_digest

OPAQUE = r'"[\x21\x23-\x7e\x80-\xff]*"'
TAG = re.compile(rf"(W/)?({OPAQUE})")
TAGS = re.compile(rf"\s*(?:W/)?{OPAQUE}(?:\s*,\s*(?:W/)?{OPAQUE})*\s*")
LONGEST = 100
"""Of a tag that names nothing of ours, so much is kept."""


def tagged(response: Response) -> Response:
    """The answer with the digest that it shows as its ETag: both are of one reading."""
    response["ETag"] = f'"{response.data["digest"]}"'
    return response


def expected_of(request: Request, policy: GatePolicy) -> str | None:
    """The digest that the policy must have by ``If-Match``; None where any will do.

    Raises:
        PolicyEditedMeanwhile: every tag is weak, and a weak tag matches nothing here.
        InvalidInput: the header is neither ``*`` nor a list of tags in quotes.
    """
    sent = request.headers.get("If-Match")
    if sent is None or sent.strip() == "*":
        return None
    if TAGS.fullmatch(sent) is None:
        raise invalid("If-Match", "send the ETag that reading the policy answered, in its quotes, or *.")
    strong = [tag.strip('"') for weak, tag in TAG.findall(sent) if not weak]
    if not strong:
        raise PolicyEditedMeanwhile(
            f"If-Match {sent[:LONGEST]} is a weak tag, which matches no policy.",
            next_step="Send the ETag as reading the policy answered it, without W/ before it.",
        )
    held = policy.digest or content_digest(policy)
    return held if held in strong else strong[0][:LONGEST]
