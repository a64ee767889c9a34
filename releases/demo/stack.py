"""The demo's decision stacks: what gradgpad ships, and what it does not and is declared instead."""

import gzip
import hashlib
import io
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from governance.ledger.canonical import digest_of
from governance.registry.components import register_component
from governance.registry.models import Channel, ComponentVersion, System
from releases.bundles.content import SlotInput
from releases.bundles.manifest import stack_digest
from releases.demo.gradgpad import Subset, data_directory, score_csv, score_rows
from releases.demo.people import SERVICE, Stage
from releases.scores.services import import_scores
from releases.statistics.thresholds import AtThreshold, Polarity, closest_errors_threshold

SOURCE = "gradgpad 2.1.0 (PyPI, MIT), protocol grandtest"
ARCHITECTURES = {
    "quality_linear": "image quality features with a linear SVM",
    "quality_rbf": "image quality features with an RBF SVM",
    "auxiliary": "CNN with auxiliary depth supervision",
    "auxiliary_type_i_and_ii": "CNN with auxiliary depth supervision",
}
"""What the package's names say of the models; the model files themselves are not shipped."""

META = {
    "mapping": {
        "sample": "sample_id",
        "subject": "subject_id",
        "label": {"column": "label", "bona_fide": ["bona_fide"]},
        "species": "pai_fine",
        "score": "score",
        "source_set": "dataset",
        "attributes": ["sex", "age", "skin_tone", "capture_device", "lighting", "dataset"],
    },
    "polarity": "higher_is_attack",
    "score_range": [0, 1],  # so they are read as probabilities, and how well they are calibrated is shown
}
"""How the columns of the demo's tables are read."""


SDK_VERSIONS = {"android": "2.3.0", "ios": "2.3.1", "mobile_web": "1.8.2", "desktop_web": "1.8.2"}
"""The version that runs on each channel."""


@dataclass(frozen=True)
class Shared:
    """Components that all of the demo's releases share."""

    fusion: ComponentVersion
    sdks: dict[str, ComponentVersion]
    dev: ComponentVersion
    test: ComponentVersion


@dataclass(frozen=True)
class Stack:
    """One release's slots, its stack digest and its report."""

    slots: tuple[SlotInput, ...]
    digest: str
    report: ComponentVersion


def declared(what: str) -> str:
    """A digest for a part that the package does not ship: of the declaration itself, marked as declared."""
    return digest_of({"declared": what, "source": SOURCE})


@lru_cache(maxsize=8)
def operating_threshold(name: str) -> float:
    """The threshold at min |FAR − FRR| on the development scores (the rule of gates.md, rule 6)."""
    scores: dict[bool, list[float]] = {True: [], False: []}
    for capture, score in score_rows(data_directory(), name, "devel"):
        if score is not None:
            scores[capture.label == "bona_fide"].append(score)
    point = closest_errors_threshold(
        bona_fide=np.array(scores[True]),
        attacks=np.array(scores[False]),
        polarity=Polarity.HIGHER_IS_ATTACK,
        at_threshold=AtThreshold.BONA_FIDE,
    )
    return float(point.threshold)


def _dataset_attributes(subset: Subset, role: str) -> dict[str, Any]:
    captures = [capture for capture, _ in score_rows(data_directory(), "auxiliary", subset)]
    hashes = sorted(hashlib.sha256(capture.sample_id.encode()).hexdigest() for capture in captures)
    subjects = sorted({hashlib.sha256(c.subject_id.encode()).hexdigest() for c in captures if c.subject_id})
    return {
        "role": role,
        "counts_by_label": dict(Counter(capture.label for capture in captures)),
        "counts_by_species": dict(
            Counter(capture.pai_fine for capture in captures if capture.label != "bona_fide")
        ),
        "sample_set": digest_of(hashes),
        "subject_set": digest_of(subjects),
        "description": f"{SOURCE}, {subset}; 13 public face PAD data sets, no images",
    }


def register_shared(stage: Stage, system: System) -> Shared:
    """Register what all releases of the demo share."""

    def register(kind: str, name: str, version: str, attributes: dict[str, Any], digest: str = "") -> Any:
        return register_component(
            stage.actor("author"),
            system=system,
            kind=kind,
            name=name,
            version=version,
            attributes=attributes,
            digest=digest,
        )

    def sdk(name: str, platform: str, version: str) -> ComponentVersion:
        attributes = {"platform": platform, "semantic_version": version}
        component: ComponentVersion = register(
            "sdk", name, version, attributes, declared(f"{name} {version}")
        )
        return component

    web = sdk("web_sdk", "web", SDK_VERSIONS["mobile_web"])
    dev, test = _dataset_attributes("devel", "validation"), _dataset_attributes("test", "test")
    return Shared(
        fusion=register("fusion", "fusion", "v1.0", {"strategy": "single_score", "inputs": ["score"]}),
        sdks={
            "android": sdk("android_sdk", "android", SDK_VERSIONS["android"]),
            "ios": sdk("ios_sdk", "ios", SDK_VERSIONS["ios"]),
            "mobile_web": web,
            "desktop_web": web,
        },
        dev=register("dataset", "gradgpad_dev", "2.1.0", dev, dev["sample_set"]),
        test=register("dataset", "gradgpad_test", "2.1.0", test, test["sample_set"]),
    )


def _decision_parts(stage: Stage, system: System, name: str, number: int) -> tuple[SlotInput, SlotInput]:
    """The model, declared, and the threshold policy that belongs to its scores."""
    model = register_component(
        stage.actor("author"),
        system=system,
        kind="model",
        name="live",
        version=f"v{number}.0",
        digest=declared(f"model {name}"),
        attributes={"architecture": ARCHITECTURES[name], "input": "face video", "training_datasets": []},
    )
    policy = register_component(
        stage.actor("author"),
        system=system,
        kind="threshold_policy",
        name="policy_risk_a",
        version=f"v{number}",
        attributes={
            "polarity": "higher_is_attack",
            "at_threshold": "bona_fide",
            "bands": [{"use_case": "default", "accept": operating_threshold(name)}],
            "chosen_by": "min |FAR − FRR| on gradgpad_dev",
        },
    )
    return SlotInput("model", model), SlotInput("threshold_policy", policy)


def build_stack(stage: Stage, system: System, shared: Shared, name: str, number: int) -> Stack:
    """Register model, threshold policy and report of one gradgpad system and put its slots together."""
    model, policy = _decision_parts(stage, system, name, number)
    channels = {channel.name: channel for channel in Channel.objects.filter(system=system)}
    sdks = (SlotInput("sdk", sdk, channel=channels[place]) for place, sdk in shared.sdks.items())
    in_stack = (model, SlotInput("fusion", shared.fusion), policy, *sdks)
    digest = stack_digest(in_stack)
    report = register_component(
        stage.actor(SERVICE),
        system=system,
        kind="evaluation_report",
        name="eval_release",
        version=f"{number}",
        attributes={
            "dataset": str(shared.test),
            "threshold_policy": str(policy.component),
            "stack_digest": digest,
            "notes": f"Scores of the system {name} as {SOURCE} ships them",
        },
    )
    slots = (
        *in_stack,
        SlotInput("dataset", shared.dev, role="validation"),
        SlotInput("dataset", shared.test, role="test"),
        SlotInput("evaluation_report", report),
    )
    return Stack(slots, digest, report)


def import_tables(stage: Stage, system: System, shared: Shared, stack: Stack, name: str) -> None:
    """Import the development and the test scores of one system."""
    subsets: tuple[tuple[ComponentVersion, Subset], ...] = ((shared.dev, "devel"), (shared.test, "test"))
    for dataset, subset in subsets:
        import_scores(
            stage.actor(SERVICE),
            system=system,
            file=io.BytesIO(gzip.compress(score_csv(data_directory(), name, subset), mtime=0)),
            meta={**META, "dataset": str(dataset.id), "evaluation_report": str(stack.report.id)},
        )
