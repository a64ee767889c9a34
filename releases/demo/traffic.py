"""Decisions of the demo: real captures with the real scores of whichever release their arm gets.

Every capture is one of gradgpad's test subset and its scores are the package's own; only the times are
staged, spread over the span that passed. Which release decides follows from the subject's hash, as it would
at the caller. Latency is not known for these captures and is reported as 0.
"""

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

from governance.identifiers import new_id
from governance.registry.models import Channel
from releases.bundles.arms import Arm, arm_of
from releases.bundles.models import Assignment, Revision
from releases.bundles.queries import assignments_at
from releases.demo.gradgpad import Capture, data_directory, score_rows
from releases.demo.people import SERVICE, Stage
from releases.monitoring.decisions.reporting import report_lines
from releases.rollouts.models import Deployment

HOURS = 20
CAPTURES = 240
ON_THE_WEB = 80


def pseudonym(subject: str) -> str:
    """What a caller would send in place of a person."""
    return hashlib.sha256(f"demo/{subject}".encode()).hexdigest()[:24]


@lru_cache(maxsize=1)
def _captures() -> tuple[tuple[Capture, dict[str, float]], ...]:
    """A fixed choice of test captures with named subjects, each with the scores of both releases."""
    linear = _scored("quality_linear")
    rbf = _scored("quality_rbf")
    both = [
        (capture, {"quality_linear": score, "quality_rbf": rbf[capture.sample_id][1]})
        for capture, score in linear.values()
        if capture.sample_id in rbf and capture.subject_id
    ]
    both.sort(key=lambda pair: hashlib.sha256(pair[0].sample_id.encode()).digest())
    return tuple(both[:CAPTURES])


def _scored(name: str) -> dict[str, tuple[Capture, float]]:
    rows = score_rows(data_directory(), name, "test")
    return {capture.sample_id: (capture, score) for capture, score in rows if score is not None}


def report_traffic(stage: Stage, deployment: Deployment, many: int = CAPTURES) -> None:
    """Let hours pass in the deployment's stage and report ``many`` decisions that fell meanwhile."""
    begins = stage.clock.now
    ends = stage.clock.pass_by(hours=HOURS)
    assignment = assignments_at().get(channel=deployment.channel)
    step = (ends - begins) / (many + 1)
    documents = [
        _decision(assignment, deployment.channel, capture, scores, (begins + number * step).isoformat())
        for number, (capture, scores) in enumerate(_captures()[:many], start=1)
    ]
    stage.clock.pass_by(minutes=5)
    report = report_lines(stage.actor(SERVICE), _numbered(documents))
    if report.refused:
        raise RuntimeError(f"the demo's decisions were refused: {report.refused[0]}")


def _numbered(documents: Iterable[dict[str, Any]]) -> Iterable[tuple[int, bytes]]:
    return ((number, json.dumps(document).encode()) for number, document in enumerate(documents, start=1))


def _decision(
    assignment: Assignment, channel: Channel, capture: Capture, scores: dict[str, float], at: str
) -> dict[str, Any]:
    subject = pseudonym(capture.subject_id)
    is_candidate = arm_of(assignment, subject) is Arm.CANDIDATE
    revision = assignment.candidate if is_candidate and assignment.candidate else assignment.stable
    score = scores[revision.release.name]
    band = "accept" if score <= _cut(revision.id) else "reject"
    return {
        "id": str(new_id()),
        "at": at,
        "channel": str(channel.id),
        "stamp": revision.manifest_digest,
        "subject": subject,
        "scores": {"score": score},
        "band": band,
        "outcome": band,
        "latency_ms": 0.0,
        "sdk": "2.3.1",
        "attributes": {"capture_device": capture.capture_device, "lighting": capture.lighting},
    }


@lru_cache(maxsize=8)
def _cut(revision_id: UUID) -> float:
    policy = Revision.objects.get(id=revision_id).slots.get(slot="threshold_policy").component
    return float(policy.attributes["bands"][0]["accept"])
