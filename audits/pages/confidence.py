"""How sure the bounds of lines are, in words. A policy states it, and earlier runs of a line of releases make
the upper bound surer than that. Pure."""

from collections.abc import Iterable

from audits.pages.evidence import Line


def sureness(alpha: float) -> str:
    """``97.5 %``: how often a one-sided bound at this error rate holds."""
    return f"{100 * (1 - alpha):.4g} %"


def bounds_head(lines: Iterable[Line]) -> str:
    """The head of a column of bounds, line by line of its text."""
    match _alphas(lines):
        case [(lower, upper)] if lower == upper:
            return f"One-sided\n{sureness(lower)} bounds"
        case [(lower, upper)]:
            return f"One-sided:\nlower {sureness(lower)}\nupper {sureness(upper)}"
        case _:
            return "One-sided\nbounds"


def bounds_said(lines: Iterable[Line]) -> str:
    """The same in a sentence, of all lines together."""
    match _alphas(lines):
        case [(lower, upper)] if lower == upper:
            return f"one-sided {sureness(lower)} bounds"
        case [(lower, upper)]:
            return f"one-sided bounds, lower {sureness(lower)}, upper {sureness(upper)}"
        case []:
            return "one-sided bounds"
        case several:
            rates = sorted({alpha for both in several for alpha in both}, reverse=True)
            return f"one-sided bounds of {sureness(rates[0])} to {sureness(rates[-1])}"


def _alphas(lines: Iterable[Line]) -> list[tuple[float, float]]:
    """The error rates of the lower and the upper bound, each pair once."""
    pairs = ((line.number("alpha_fail"), line.number("alpha_pass")) for line in lines)
    return sorted({(lower, upper) for lower, upper in pairs if lower is not None and upper is not None})
