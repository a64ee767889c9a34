"""Triggers to begin with: JSON files beside this module, each with a sentence that says what it does.

A preset is copied into a plan and changed there; nothing refers to it afterwards. A file that does not fit is
not loaded, and the product does not start without it.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from releases.bundles.documents import StageKind
from releases.bundles.triggers import TRIGGER, Spec, WordsTrigger

FOLDER = Path(__file__).parent / "presets"
NAMES = (
    "spoof_acceptance",
    "retry_spike",
    "p95_latency",
    "segment_degrades",
    "disagreement",
    "score_drift",
    "heartbeat",
    "error_rate",
    "replay_mismatch",
)
"""The files, in the order in which they are offered."""


@dataclass(frozen=True)
class Preset:
    """A trigger to begin with.

    ``fill`` are the fields that only the writer of a plan knows, with what they are; ``stages`` those kinds
    in which it has something to look at.
    """

    key: str
    title: str
    sentence: str
    fill: dict[str, str]
    stages: tuple[str, ...]
    document: dict[str, Any]

    def trigger(self, **filled: Any) -> Spec:
        """The trigger with what the writer fills in, checked."""
        found = TRIGGER.validate_python({**self.document, **filled})
        assert not isinstance(found, WordsTrigger)
        return found


class PresetUnfit(RuntimeError):
    """A file of a preset does not fit."""


@cache
def presets() -> tuple[Preset, ...]:
    """All of them."""
    return tuple(_loaded(name) for name in NAMES)


def preset(key: str) -> Preset:
    """The one of that name."""
    return next(one for one in presets() if one.key == key)


def _loaded(name: str) -> Preset:
    document = json.loads((FOLDER / f"{name}.json").read_text())
    found = Preset(
        key=document.pop("key"),
        title=document.pop("title"),
        sentence=document.pop("sentence"),
        fill=document.pop("fill"),
        stages=tuple(StageKind(kind).value for kind in document.pop("stages")),
        document=document.pop("trigger"),
    )
    if document or found.key != name or found.document.get("key") != name:
        raise PresetUnfit(f"{name}.json: its key is not its name, or it holds {sorted(document)} besides.")
    found.trigger(**dict.fromkeys(found.fill, 400.0))  # every field to fill is a limit
    return found
