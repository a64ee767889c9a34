"""Where a stack stands: APCER of every species and BPCER at the thresholds of its policy, with bounds."""

from dataclasses import dataclass
from typing import Any

from releases.gates.figures.asked import ALPHA, Asked
from releases.scores.counting import Metric, RateStratum, count_rates
from releases.scores.scan import ArmName, Scan
from releases.scores.strata import ByColumn, Pooled, Population
from releases.statistics.decisions import Minima, is_below
from releases.statistics.pad_rates import Apcer, apcer_by_species
from releases.statistics.rates import RateResult, bound_rate


@dataclass(frozen=True)
class StackRates:
    """The rates of one stack; ``apcer`` is over the ``judged`` species alone."""

    species: dict[str, RateResult]
    judged: tuple[str, ...]
    apcer: Apcer
    bpcer: RateResult


def species_of(scan: Scan, asked: Asked) -> tuple[str, ...]:
    """The species of which the candidate has enough for a statement, by the policy's minima."""
    found = _counted(scan, "candidate")
    return tuple(name for name, one in found.items() if has_enough(_bounded(one, asked), asked.minima))


def has_enough(result: RateResult, minima: Minima) -> bool:
    """Whether a statement is possible: with bounds, from as many subjects and captures as the policy asks."""
    return result.upper is not None and result.subjects > 1 and not is_below(result, minima)


def stack_rates(scan: Scan, arm: ArmName, judged: tuple[str, ...], asked: Asked) -> StackRates:
    """The rates of one stack of the scan."""
    found = _counted(scan, arm)
    (pooled,) = count_rates(scan, Population("bona_fide"), Pooled(), Metric.ERROR, arm).strata
    used = {name: one.counts for name, one in found.items() if name in judged and one.counts.presentations}
    return StackRates(
        species={name: _bounded(one, asked) for name, one in found.items()},
        judged=tuple(used),
        apcer=apcer_by_species(used, asked.attack, alpha_pass=ALPHA, alpha_fail=ALPHA),
        bpcer=bound_rate(pooled.counts, asked.bona_fide, alpha_pass=ALPHA, alpha_fail=ALPHA),
    )


def rate_document(result: RateResult) -> dict[str, Any]:
    """What pictures show of a rate."""
    return {
        "captures": result.presentations,
        "subjects": result.subjects,
        "events": result.events,
        "estimate": result.estimate,
        "lower": result.lower,
        "upper": result.upper,
    }


def point_document(rates: StackRates) -> dict[str, Any] | None:
    """The operating point: the worst species against genuine users; None where one of them is not known.

    The bounds are those of that species, not the highest of all, which may be another's.
    """
    apcer, bpcer = rates.apcer, rates.bpcer
    if apcer.headline is None or apcer.headline_species is None or bpcer.estimate is None:
        return None
    worst = rates.species[apcer.headline_species]
    return {
        "apcer": {
            "estimate": apcer.headline,
            "species": apcer.headline_species,
            "lower": worst.lower,
            "upper": worst.upper,
        },
        "bpcer": rate_document(bpcer),
    }


def _counted(scan: Scan, arm: ArmName) -> dict[str, RateStratum]:
    found = count_rates(scan, Population("attack"), ByColumn("species"), Metric.ERROR, arm).strata
    return {one.stratum.key: one for one in found}


def _bounded(one: RateStratum, asked: Asked) -> RateResult:
    return bound_rate(one.counts, asked.attack, alpha_pass=ALPHA, alpha_fail=ALPHA)
