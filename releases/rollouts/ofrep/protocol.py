"""The protocol's words: what a request's context must hold, and refusals with OpenFeature's error codes."""

from collections.abc import Mapping
from typing import Any

from governance.errors import GovernanceError

LONGEST_KEY = 200


class EvaluationRefused(GovernanceError):
    """The protocol's refusal: ``error_code`` is one of OpenFeature's."""

    status = 400

    def __init__(self, error_code: str, details: str) -> None:
        super().__init__(details)
        self.error_code = error_code


class FlagNotFound(EvaluationRefused):
    """No system of this slug, or none within reach; the two are not told apart on purpose."""

    status = 404

    def __init__(self, key: str) -> None:
        super().__init__("FLAG_NOT_FOUND", f"There is no system {key[:100]!r} that you may ask about.")


def context_of(body: object) -> dict[str, Any]:
    """The body's context; further attributes than ours are the client's own and are not read.

    Raises:
        EvaluationRefused: the body or the context is no object.
    """
    if not isinstance(body, dict):
        raise EvaluationRefused("PARSE_ERROR", f"The body is {type(body).__name__}; send an object.")
    context = body.get("context")
    if not isinstance(context, dict):
        raise EvaluationRefused(
            "INVALID_CONTEXT", "context: an object with targetingKey and channel is wanted."
        )
    return context


def subject_of(context: Mapping[str, Any]) -> str:
    """The targeting key.

    Raises:
        EvaluationRefused: it is absent, empty, no text, or too long.
    """
    subject = context.get("targetingKey")
    if subject is None or subject == "":
        raise EvaluationRefused("TARGETING_KEY_MISSING", "context.targetingKey: the subject is missing.")
    if not isinstance(subject, str):
        raise EvaluationRefused("INVALID_CONTEXT", "context.targetingKey: a text is wanted.")
    if len(subject) > LONGEST_KEY:
        raise EvaluationRefused(
            "INVALID_CONTEXT",
            f"context.targetingKey: {len(subject)} characters; at most {LONGEST_KEY} are taken.",
        )
    return subject


def unknown_channel(name: object, known: list[str]) -> EvaluationRefused:
    """The refusal of a channel that is missing, no text, or none of those that may be asked about."""
    found = repr(name)[:100] if name is not None else "nothing"
    return EvaluationRefused(
        "INVALID_CONTEXT", f"context.channel: found {found}; you may ask about {', '.join(known)}."
    )
