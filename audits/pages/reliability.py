"""The reliability diagram: how often what the score says is so. Coordinates only; the template draws them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SIZE = 260.0


@dataclass(frozen=True)
class CurvePoint:
    """One bin: the mean probability said, the share that was so, and its bounds."""

    x: float
    y: float
    top: float
    bottom: float


@dataclass(frozen=True)
class Curve:
    """A stack's curve; ``path`` joins its points."""

    name: str
    look: str
    points: tuple[CurvePoint, ...]

    @property
    def path(self) -> str:
        """The polyline through the points."""
        return " ".join(f"{point.x},{point.y}" for point in self.points)


def across(share: float) -> float:
    """A probability from the left edge."""
    return round(SIZE * share, 1)


def down(share: float) -> float:
    """A share from the upper edge."""
    return round(SIZE * (1 - share), 1)


def curves_of(arms: Sequence[Mapping[str, Any]]) -> list[Curve]:
    """The curves of the stacks that have figures; the first is the candidate's and is drawn last."""
    curves = [
        Curve(
            str(arm["name"]),
            "candidate" if number == 0 else "live",
            tuple(
                CurvePoint(
                    across(point["mean_probability"]),
                    down(point["observed_rate"]),
                    down(point["upper"]),
                    down(point["lower"]),
                )
                for point in arm["curve"]
            ),
        )
        for number, arm in enumerate(arms)
        if arm["curve"]
    ]
    return curves[::-1]


def said_of(arms: Sequence[Mapping[str, Any]]) -> str:
    """The figures in words: the picture's text alternative."""
    return "; ".join(
        f"{arm['name']}: expected calibration error {arm['ece']:.3f}, Brier score {arm['brier']:.3f}, "
        f"{arm['n']} captures"
        if arm["ece"] is not None
        else f"{arm['name']}: {arm['why']}"
        for arm in arms
    )
