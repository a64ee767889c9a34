"""Component kinds as data: the one place where a kind is added.

Each kind names its typed attributes (pydantic), whether its content *is* its attributes (then the digest
is computed from them), and the slot rules a release checks. Forms, API validation and the completeness
of a release derive from the table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from governance.registry.attributes import (
    DatasetAttributes,
    EvaluationReportAttributes,
    FusionAttributes,
    ModelAttributes,
    SdkAttributes,
    ThresholdPolicyAttributes,
)


@dataclass(frozen=True)
class Kind:
    """A kind of component and what a release needs of it.

    ``in_stack``: part of the stack digest. ``per_channel``: one for each channel instead of one or more
    for the release. ``at_most``: how many a release may hold (per channel where ``per_channel``).
    ``example``: attributes that a form starts with.
    """

    name: str
    title: str
    attributes: type[BaseModel]
    is_content: bool
    in_stack: bool
    per_channel: bool = False
    at_most: int | None = None
    summary: Callable[[dict[str, object]], str] = lambda attributes: ""
    example: Mapping[str, object] = field(default_factory=dict, hash=False)


_KINDS = (
    Kind(
        "model",
        "Model",
        ModelAttributes,
        is_content=False,
        in_stack=True,
        summary=ModelAttributes.summarise,
        example={
            "architecture": "CNN with auxiliary supervision",
            "framework": "torch 2.7",
            "input": "RGB 256x256",
        },
    ),
    Kind(
        "fusion",
        "Fusion",
        FusionAttributes,
        is_content=True,
        in_stack=True,
        at_most=1,
        summary=FusionAttributes.summarise,
        example={
            "strategy": "weighted",
            "inputs": ["depth", "texture"],
            "weights": {"depth": 0.7, "texture": 0.3},
        },
    ),
    Kind(
        "threshold_policy",
        "Threshold policy",
        ThresholdPolicyAttributes,
        is_content=True,
        in_stack=True,
        summary=ThresholdPolicyAttributes.summarise,
        example={
            "polarity": "higher_is_attack",
            "at_threshold": "bona_fide",
            "bands": [{"accept": 0.5, "retry": 0.6}],
        },
    ),
    Kind(
        "sdk",
        "SDK",
        SdkAttributes,
        is_content=False,
        in_stack=True,
        per_channel=True,
        at_most=1,
        summary=SdkAttributes.summarise,
        example={"platform": "android", "semantic_version": "2.3.0"},
    ),
    Kind(
        "dataset",
        "Dataset",
        DatasetAttributes,
        is_content=False,
        in_stack=False,
        summary=DatasetAttributes.summarise,
        example={"role": "test", "description": "Who was captured, where and when."},
    ),
    Kind(
        "evaluation_report",
        "Evaluation report",
        EvaluationReportAttributes,
        is_content=True,
        in_stack=False,
        summary=EvaluationReportAttributes.summarise,
        example={"dataset": "faces_1", "threshold_policy": "risk_a_1", "stack_digest": "sha256:" + 64 * "0"},
    ),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}

CHOICES = [(kind.name, kind.title) for kind in _KINDS]
"""The kinds as fields and filters offer them."""
