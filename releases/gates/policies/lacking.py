"""What a draft still lacks before it can be locked: said beforehand, in words, with what would mend it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from releases.gates.freezing.protection import keeps_protected
from releases.gates.judging.criterion import Criterion
from releases.gates.policies.soundness import Fix, overlooks_refusals, problems_of
from releases.gates.policies.system_facts import SystemFacts
from releases.gates.vocabulary.specs import ClusteredSpec

ADVICE = (
    "No criterion that decides looks at genuine users refused. Nothing forbids that, but a release that "
    "refuses everybody would pass."
)
UNWATCHED = "Nor would the protected segments of the system be judged: they join criteria on BPCER."


@dataclass(frozen=True)
class Lack:
    """One thing that is missing: a sentence, the criteria that would mend it, or the criterion to correct."""

    message: str
    fixes: tuple[Fix, ...] = ()
    key: str = ""


@dataclass(frozen=True)
class Readiness:
    """Whether a draft could be locked now, and what is worth knowing all the same."""

    lacks: tuple[Lack, ...]
    advice: tuple[str, ...]

    def fix(self, code: str) -> Fix | None:
        """The criterion that this code names."""
        return next((fix for lack in self.lacks for fix in lack.fixes if fix.code == code), None)


def readiness_of(criteria: Sequence[Criterion], facts: SystemFacts) -> Readiness:
    """What the next lock would refuse, by the same rules."""
    gaps = [
        Lack(f"{one.message[:1].upper()}{one.message[1:]}.", one.fixes, one.key)
        for one in problems_of(criteria, has_served=facts.has_served)
    ]
    unknown = [lack for one in criteria for lack in _unknown(one, facts)]
    return Readiness((*unknown, *gaps), tuple(_advice(criteria, facts)))


def _advice(criteria: Sequence[Criterion], facts: SystemFacts) -> Iterator[str]:
    if overlooks_refusals(criteria):
        yield f"{ADVICE} {UNWATCHED}" if facts.protected else ADVICE
    deciding = [(one, one.spec) for one in criteria if one.decides]
    for one, spec in deciding:
        if isinstance(spec, ClusteredSpec) and spec.is_narrowed:
            yield f"{one.title!r} looks only at captures where {spec.narrowed_to()}. {_left_out(one, facts)}"
    for one, spec in deciding:
        if spec.wanted_dataset() is not None:
            yield (
                f"{one.title!r} looks at one named test dataset alone; what a release brings on others, it "
                "does not judge."
            )


def _left_out(criterion: Criterion, facts: SystemFacts) -> str:
    """What becomes of the captures that a condition leaves out."""
    if facts.protected and keeps_protected(criterion.spec):
        return "All other captures are judged by it for protected segments alone."
    return "All other captures are not judged by it."


def _unknown(criterion: Criterion, facts: SystemFacts) -> Iterator[Lack]:
    """Names that stand for nothing in the system."""
    spec = criterion.spec
    known = {key for key, _ in facts.segments}
    segments = [name for name in spec.wanted_segments() if name not in known and not _is_id(name)]
    if segments:
        said = f"{criterion.title} names segments that nobody defined: {', '.join(segments)}."
        yield Lack(f"{said} Define them, or take them out.", key=criterion.key)
    channels = [name for name in spec.wanted_channels() if (name, name) not in facts.channels]
    if channels:
        said = f"{criterion.title} names channels that nobody registered: {', '.join(channels)}."
        yield Lack(f"{said} Register them, or take them out.", key=criterion.key)
    digest = spec.wanted_dataset()
    if digest is not None and digest not in dict(facts.datasets):
        said = f"{criterion.title} looks at a dataset that is no test dataset here: {digest}."
        yield Lack(f"{said} Register it, or leave the dataset out.", key=criterion.key)
    release = spec.wanted_release()
    if release is not None and str(release) not in dict(facts.references):
        said = f"{criterion.title} compares with a release that was never live here."
        yield Lack(f"{said} Choose one that was adopted or went live.", key=criterion.key)


def _is_id(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
