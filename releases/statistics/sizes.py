"""How many presentations or subjects a verdict needs, and what a sample could have detected.

Everything is at the rates seen so far: it says what would settle the line if they stay as they are.
"""

import math

from scipy.special import betainc, ndtri

from releases.statistics.clusters import check_alpha
from releases.statistics.paired import PairedResult, unseen_rate
from releases.statistics.rates import RateResult
from releases.statistics.tango import score_statistic

POWER = 0.80
# Beyond this many independent presentations a requirement is no longer a plan; it also ends the search.
LARGEST_N_EFF = 1e15


def zero_error_sample_size(limit: float, alpha: float = 0.05) -> int:
    """Independent presentations that must all be free of errors for the upper bound to reach the limit."""
    check_alpha(alpha=alpha)
    if not 0 < limit < 1:
        raise ValueError(
            f"limit is {limit!r}: no number of presentations bounds a rate by it; use one within (0, 1)"
        )
    return math.ceil(math.log(alpha) / math.log1p(-limit))


def paired_sample_size(
    discordant_rate: float, margin: float, *, alpha: float = 0.05, power: float = POWER
) -> float:
    """Effective presentations for noninferiority at the margin when the two stacks are equally good."""
    check_alpha(alpha=alpha)
    if not 0 < margin <= 1:
        raise ValueError(f"margin is {margin!r}: a noninferiority margin lies within (0, 1]")
    return (_z(alpha) + float(ndtri(power))) ** 2 * discordant_rate / margin**2


def rate_n_eff_needed(rate: float, limit: float, alpha: float) -> float | None:
    """Smallest effective sample size at which the upper bound of this rate is at most the limit.

    None when the rate is not below the limit: then more data will not help.
    """
    if rate >= limit:
        return None
    if limit >= 1:
        return 0.0
    if rate <= 0:
        return _planned(math.log(alpha) / math.log1p(-limit))
    low, high = 0.0, 1.0
    while not _upper_is_within(rate, high, limit, alpha):
        low, high = high, 2 * high
        if high > LARGEST_N_EFF:
            return None
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        if _upper_is_within(rate, middle, limit, alpha):
            high = middle
        else:
            low = middle
    return high


def paired_n_eff_needed(
    candidate_only_rate: float, baseline_only_rate: float, margin: float, alpha: float
) -> float | None:
    """Smallest effective sample size at which the upper bound of the difference is at most the margin.

    None when the difference is not below the margin. Tango's statistic at fixed rates grows with √n, so one
    presentation's worth of it gives the answer.
    """
    if candidate_only_rate - baseline_only_rate >= margin:
        return None
    if margin >= 1:
        return 0.0
    if candidate_only_rate == 0 and baseline_only_rate == 0:
        return _planned(math.log(alpha) / math.log1p(-margin))
    # A difference a rounding error below the margin asks for absurdly many; that is the same as none.
    statistic = -score_statistic(candidate_only_rate, baseline_only_rate, 1.0, margin)
    root = _z(alpha) / statistic if statistic > 0 else math.inf
    return root**2 if root <= math.sqrt(LARGEST_N_EFF) else None


def subjects_missing(subjects: float, n_eff: float, n_eff_needed: float) -> int:
    """How many more subjects like the present ones give the n_eff needed; 0 when it is there."""
    return max(0, math.ceil(subjects * (n_eff_needed / n_eff - 1)))


def paired_detectable_effect(result: PairedResult, power: float = POWER) -> float | None:
    """Smallest true difference this sample would show at alpha_pass with the power; None without an n_eff."""
    if result.n_eff is None or result.discordant_rate is None:
        return None
    psi = result.discordant_rate or unseen_rate(result.n_eff, result.alpha_pass)
    return (_z(result.alpha_pass) + float(ndtri(power))) * math.sqrt(psi / result.n_eff)


def rate_detectable_effect(result: RateResult, limit: float, power: float = POWER) -> float | None:
    """How far from the limit the true rate must lie to be told apart from it with the power.

    Normal approximation with the variance at the limit; None without an n_eff.
    """
    if result.n_eff is None:
        return None
    return (_z(result.alpha_pass) + float(ndtri(power))) * math.sqrt(limit * (1 - limit) / result.n_eff)


def _planned(n_eff: float) -> float | None:
    return n_eff if n_eff <= LARGEST_N_EFF else None


def _upper_is_within(rate: float, n: float, limit: float, alpha: float) -> bool:
    """Clopper and Pearson's upper bound is at most the limit, asked without inverting the beta function."""
    return float(betainc(rate * n + 1, (1 - rate) * n, limit)) >= 1 - alpha


def _z(alpha: float) -> float:
    return float(-ndtri(alpha))
