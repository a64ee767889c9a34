"""What is live, asked through the OpenFeature Remote Evaluation Protocol (OFREP 0.3.0), one flag at a time.

The flag's key is a system's slug; the context names the subject (``targetingKey``) and the channel. An
answer is a pure function of the channel's open assignment and the key, so any past answer can be recomputed;
asking changes and records nothing. Where nothing is live the answer is a success without ``value`` (the
protocol's code default): the client uses its own. On every refusal it does too.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.access.parsing import StrictJSONParser
from governance.access.queries import EVERYWHERE, Reach, reach, reach_of, require
from governance.access.requests import actor_from
from governance.access.roles import Permission, roles_with
from governance.access.scopes import INSTALLATION, AccessScope
from governance.actors import Actor
from governance.errors import GovernanceError, InvalidInput
from governance.registry.models import SLUG, Channel
from releases.bundles.arms import Arm, arm_of
from releases.bundles.documents import GENERAL, StageKind
from releases.bundles.models import Assignment, Slot
from releases.bundles.queries import assignments_at

LONGEST_KEY = 200
NOT_NEEDED = (
    "entry__body",
    "entry__document",
    *(f"{side}__{name}" for side in ("stable", "candidate") for name in ("card", "rollout_plan")),
    *(f"{side}__rollback_plan" for side in ("stable", "candidate")),
)


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


def has_arms(assignment: Assignment) -> bool:
    """Whether somebody may get the candidate now: neither in a shadow stage nor during a pause."""
    shared = assignment.treatment_share > 0 or assignment.control_share > 0
    return assignment.candidate_id is not None and (shared or bool(assignment.internal_keys))


def evaluation(
    key: str, assignment: Assignment, policies: Mapping[UUID, str], subject: str
) -> dict[str, Any]:
    """The answer for a subject; ``policies`` are names of threshold policies by revision."""
    arm = arm_of(assignment, subject)
    candidate = assignment.candidate
    answers = candidate if candidate is not None and arm is Arm.CANDIDATE else assignment.stable
    beside = candidate is not None and answers is assignment.stable
    metadata: dict[str, Any] = {"stage": assignment.stage, "arm": arm.value}
    if assignment.deployment_id is not None:
        metadata["rollout"] = str(assignment.deployment_id)
    leaf = getattr(assignment.entry, "leaf", None)
    if leaf is not None:
        metadata["ledger_index"] = leaf.index
    if candidate is not None and assignment.stage == StageKind.SHADOW:
        metadata["shadow"] = candidate.manifest_digest
    return {
        "key": key,
        "value": {
            "release": answers.release.name,
            "digest": answers.manifest_digest,
            "threshold_policy": policies.get(answers.id, ""),
            "stage": GENERAL if beside else assignment.stage,
        },
        "variant": arm.value,
        "reason": "SPLIT" if has_arms(assignment) else "STATIC",
        "metadata": metadata,
    }


def code_default(key: str, channel: Channel) -> dict[str, Any]:
    """The answer where nothing is live: the client uses its default, and knows that nothing went wrong."""
    return {
        "key": key,
        "variant": "none",
        "reason": "DEFAULT",
        "metadata": {"channel": channel.name, "live": False},
    }


def live_answer(key: str, channel: Channel, subject: str) -> dict[str, Any]:
    """What the channel answers for the subject now: two queries."""
    assignment = assignments_at().filter(channel=channel).defer(*NOT_NEEDED).first()
    if assignment is None:
        return code_default(key, channel)
    return evaluation(key, assignment, _policies(assignment), subject)


def _policies(assignment: Assignment) -> dict[UUID, str]:
    revisions = [one for one in (assignment.stable_id, assignment.candidate_id) if one is not None]
    slots = Slot.objects.filter(revision__in=revisions, slot="threshold_policy").select_related("component")
    names: dict[UUID, list[str]] = {}
    for slot in slots:
        names.setdefault(slot.revision_id, []).append(str(slot.component))
    return {revision: ", ".join(sorted(found)) for revision, found in names.items()}


def served_channel(actor: Actor, key: str, name: object) -> Channel:
    """The channel that the context names, if the actor may evaluate flags there.

    Raises:
        FlagNotFound: no such system within the actor's reach.
        PermissionDenied: within reach, but without the permission.
        EvaluationRefused: no such channel of the system.
    """
    evaluating = reach(actor, Permission.EVALUATE_FLAGS)
    if evaluating is None:
        require(actor, Permission.EVALUATE_FLAGS, INSTALLATION)
        raise FlagNotFound(key)
    channels = {row.name: row for row in _channels(key)}
    if not channels:
        raise FlagNotFound(key)
    channel = channels.get(name) if isinstance(name, str) else None
    if channel is not None and evaluating.acts_on(channel.access_scope()):
        return channel
    viewing = _viewing(actor)
    whole = AccessScope(next(iter(channels.values())).system_id)
    if not viewing.reads(whole):
        raise FlagNotFound(key)
    if not evaluating.reads(whole):
        require(actor, Permission.EVALUATE_FLAGS, whole)
    if channel is not None and viewing.reads(channel.access_scope()):
        require(actor, Permission.EVALUATE_FLAGS, channel)
    known = sorted(row.name for row in channels.values() if evaluating.acts_on(row.access_scope()))
    found = repr(name)[:100] if name is not None else "nothing"
    raise EvaluationRefused(
        "INVALID_CONTEXT", f"context.channel: found {found}; you may ask about {', '.join(known)}."
    )


def _channels(key: str) -> QuerySet[Channel]:
    """The channels of the system of this slug; what cannot be a slug is asked of no database."""
    try:
        SLUG(key)
    except ValidationError:
        return Channel.objects.none()
    return Channel.objects.filter(system__slug=key)


def _viewing(actor: Actor) -> Reach:
    """What the actor's roles let it see; a token for flags alone need not carry the scope to read."""
    if actor.id is None:
        return EVERYWHERE
    return reach_of(actor.id, roles_with(Permission.VIEW), actor.at or timezone.now())


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


class FlagEvaluationView(APIView):
    """``POST /ofrep/v1/evaluate/flags/{key}``; refusals have the protocol's form, not problem details."""

    parser_classes = (StrictJSONParser,)
    schema = None

    def post(self, request: Request, key: str) -> Response:
        """What is live on the context's channel for the context's subject."""
        actor = actor_from(request)
        context = context_of(request.data)
        channel = served_channel(actor, key, context.get("channel"))
        return Response(live_answer(key, channel, subject_of(context)))

    def handle_exception(self, exc: Exception) -> Response:
        """Refusals of the protocol in its own form; who may not ask gets problem details."""
        if isinstance(exc, ParseError | InvalidInput):
            exc = EvaluationRefused("PARSE_ERROR", str(exc))
        if not isinstance(exc, EvaluationRefused):
            return super().handle_exception(exc)
        body = {"key": self.kwargs["key"], "errorCode": exc.error_code, "errorDetails": exc.message}
        return Response(body, status=exc.status)


urlpatterns = [
    path("evaluate/flags/<str:key>", FlagEvaluationView.as_view(), name="ofrep-evaluate"),
]
