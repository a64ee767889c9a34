"""Numbers and names in the sentences of triggers."""

import math

TITLES = {
    "retry": "asked to try again",
    "refused": "refused",
    "not_accepted": "not accepted",
    "error": "ended with an error",
    "disagreement": "decided otherwise than the release beside it",
    "replay_mismatch": "come out otherwise when recomputed",
}
"""What a share is of, after a percentage: "8.1 % asked to try again"."""

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def percent(share: float) -> str:
    """One decimal, two below 1 %."""
    value = share * 100
    return f"{value:.1f} %" if abs(value) >= 1 or value == 0 else f"{value:.2g} %"


def points(difference: float) -> str:
    """A difference in points with its sign."""
    value = difference * 100
    return f"{'+' if value >= 0 else '−'}{abs(value):.1f} points"


def number(value: float) -> str:
    """Three significant figures, thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def evidence(log_e: float, log_e_limit: float) -> str:
    """``E 812 of 100 needed``."""
    return f"E {e_value(log_e)} of {e_value(log_e_limit)} needed"


def e_value(log_e: float) -> str:
    """An e-value from its natural logarithm; a power of ten where it is long."""
    power = log_e / math.log(10)
    if -2 <= power < 6:
        return number(math.exp(log_e))
    return f"10{f'{power:.0f}'.translate(RAISED)}" if math.isfinite(power) else "0"


def among(segment: str) -> str:
    """``among skin_tone_6: `` or nothing."""
    return f"{segment}: " if segment else ""
