"""The reliability diagram: how often what the score says is so. Coordinates only; the template draws them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audits.pages.plots import counted

SIZE = 262.0
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
OF = {"attack": "probability of attack", "bona_fide": "probability of a genuine user"}
WAS_SO = {"attack": "share that are attacks", "bona_fide": "share that are genuine users"}


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


@dataclass(frozen=True)
class ReliabilityPlot:
    """The diagram of one dataset; ``arms`` are the rows of the table behind it."""

    dataset: str
    arms: Sequence[Mapping[str, Any]]
    curves: tuple[Curve, ...]
    label: str
    summary: str
    says: str
    was_so: str
    bins: int


def across(share: float) -> float:
    """A probability from the left edge."""
    return round(SIZE * share, 1)


def down(share: float) -> float:
    """A share from the upper edge."""
    return round(SIZE * (1 - share), 1)


def x_ticks() -> list[tuple[float, str]]:
    """Places on the lower edge with their labels."""
    return [(across(share), f"{share:g}") for share in TICKS]


def y_ticks() -> list[tuple[float, str]]:
    """Places on the left edge with their labels."""
    return [(down(share), f"{100 * share:.0f}") for share in TICKS]


def reliability_plots(figures: Mapping[str, Any] | None) -> list[ReliabilityPlot]:
    """A diagram of each dataset of calibration figures; none without figures."""
    return [_plot(one, int((figures or {}).get("bins", 0))) for one in (figures or {}).get("datasets", [])]


def _plot(dataset: Mapping[str, Any], bins: int) -> ReliabilityPlot:
    arms = dataset["arms"]
    of = next((arm["of"] for arm in arms if arm["of"]), "attack")
    return ReliabilityPlot(
        dataset=str(dataset["dataset"]),
        arms=arms,
        curves=tuple(curves_of(arms)),
        label=f"Reliability diagram. {said_of(arms)}",
        summary=summary_of(arms),
        says=f"score read as {OF[of]}",
        was_so=f"{WAS_SO[of]}, %",
        bins=bins,
    )


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
        f"{arm['name']}: expected calibration error {100 * arm['ece']:.1f} %, Brier score "
        f"{arm['brier']:.3f}, {counted(arm['n'])} captures"
        if arm["ece"] is not None
        else f"{arm['name']}: {arm['why']}"
        for arm in arms
    )


def summary_of(arms: Sequence[Mapping[str, Any]]) -> str:
    """``Calibration error 4.3 % (live 14.0 %), Brier score 0.050 (live 0.135).``"""
    known = [arm for arm in arms if arm["ece"] is not None]
    if not known:
        return ""
    if known[0] is not arms[0]:
        return f"The candidate has no curve. {arms[0]['why']}"
    first, others = known[0], known[1:]
    ece = ", ".join(f"{one['name']} {100 * one['ece']:.1f} %" for one in others)
    brier = ", ".join(f"{one['name']} {one['brier']:.3f}" for one in others)
    return (
        f"Calibration error {100 * first['ece']:.1f} %{f' ({ece})' if ece else ''}, "
        f"Brier score {first['brier']:.3f}{f' ({brier})' if brier else ''}."
    )
