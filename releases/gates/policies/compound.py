"""Parts of a criterion's form that are more than one field: how rows are cut into strata, and the baseline.

Which fields of a cut count is said by its first one; the page shows those alone, and without styles the
others are simply not read.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, get_origin

from django import forms

from releases.gates.judging.baselines import Baseline
from releases.gates.policies.fields import MISSING, Item, Part, Single, leaf
from releases.gates.policies.form_fields import NamesField
from releases.gates.policies.form_words import CHOICE_WORDS, WORDS
from releases.gates.policies.system_facts import Choices, SystemFacts
from releases.gates.vocabulary.cuts import Strata

LIVE = "live"
WAYS = {"species": "attack species", "segments": "segments", "channels": "channels"}
MORE_WAYS = {"crossing": "two cuts crossed", "pooled": "not at all: all together"}
SHOWN_SPECIES = 12


def special_parts(facts: SystemFacts, current: dict[str, Any]) -> Callable[[str, Any], Part | None]:
    """Parts for types and names of which the system knows what can be chosen; ``current`` stays choosable."""

    def part(name: str, kind: Any) -> Part | None:
        if kind is Strata:
            return StrataPart(name, facts, _at(current, leaf(name)))
        if kind is Baseline:
            return BaselinePart(name, facts, _at(current, leaf(name)))
        if leaf(name) == "stratum_rule":
            return RulePart(name)
        if leaf(name) == "dataset":
            return _dataset(name, facts, current.get("dataset"))
        if leaf(name) == "segments" and get_origin(kind) is list:
            return _chosen(name, "Segments", facts.segments, current.get("segments"), empty=[])
        return None

    return part


@dataclass(frozen=True)
class CutPart:
    """One cut: what by, and which of them."""

    name: str
    facts: SystemFacts
    current: dict[str, Any]
    label: str = "Cut by"

    def ways(self) -> dict[str, str]:
        """What can be cut by."""
        return WAYS

    def item(self) -> Item:
        """The way, and the field that belongs to each."""
        return Item(items=(Item(f"{self.name}.way"), *self._items()), css="cs-cut")

    def _items(self) -> Iterator[Item]:
        for way in WAYS:
            yield Item(f"{self.name}.{way}", css=f"cs-way-{way}")

    def _parts(self) -> dict[str, Single]:
        path, now = self.name, self.current
        return {
            "species": _species(f"{path}.species", self.facts),
            "segments": _chosen(f"{path}.segments", "Segments", self.facts.segments, now.get("segments")),
            "channels": _chosen(f"{path}.channels", "Channels", self.facts.channels, now.get("channels")),
        }

    def fields(self) -> Iterator[tuple[str, forms.Field]]:
        """The way and all lists."""
        choices = [("", "– choose –"), *self.ways().items()]
        yield (
            f"{self.name}.way",
            forms.ChoiceField(label=self.label, choices=choices, required=self.is_needed),
        )
        for part in self._parts().values():
            yield from part.fields()

    @property
    def is_needed(self) -> bool:
        """Whether a way must be chosen."""
        return False

    def initial(self, value: Any) -> dict[str, Any]:
        """The way that is stated and its list."""
        given = value if isinstance(value, dict) else {}
        way = next((way for way in self.ways() if given.get(way) or way in given), "")
        found = {f"{self.name}.way": way}
        for name, part in self._parts().items():
            found |= part.initial(given.get(name, MISSING))
        return found

    def read(self, given: dict[str, Any]) -> Any:
        """The cut that the way names; lists of other ways are not read."""
        way = given.get(f"{self.name}.way")
        if not way:
            return MISSING
        chosen = self._parts()[way].read(given)
        return {way: [] if chosen is MISSING else chosen}


@dataclass(frozen=True)
class StrataPart(CutPart):
    """The strata of a criterion: one cut, two crossed, or none."""

    label: str = "Judged by"

    def ways(self) -> dict[str, str]:
        """One cut more ways than a side of a crossing."""
        return {**WAYS, **MORE_WAYS}

    @property
    def is_needed(self) -> bool:
        """Always."""
        return True

    def _sides(self) -> tuple[CutPart, CutPart]:
        crossing = _at(self.current, "crossing")
        path = f"{self.name}.crossing"
        return (
            CutPart(f"{path}.first", self.facts, _at(crossing, "first"), "Every one of"),
            CutPart(f"{path}.second", self.facts, _at(crossing, "second"), "Within every one of"),
        )

    def _items(self) -> Iterator[Item]:
        yield from super()._items()
        for side in self._sides():
            yield Item(items=side.item().items, css="cs-cut cs-way-crossing")

    def fields(self) -> Iterator[tuple[str, forms.Field]]:
        """The lists of the cut, and those of the two sides of a crossing."""
        yield from super().fields()
        for side in self._sides():
            yield from side.fields()

    def initial(self, value: Any) -> dict[str, Any]:
        """What is stated, on whichever level."""
        found = super().initial(value)
        crossing = _at(value if isinstance(value, dict) else {}, "crossing")
        for side in self._sides():
            found |= side.initial(crossing.get(leaf(side.name), MISSING))
        return found

    def read(self, given: dict[str, Any]) -> Any:
        """The strata that the way names."""
        way = given.get(f"{self.name}.way")
        if way == "pooled":
            return {"pooled": True}
        if way == "crossing":
            sides = {leaf(side.name): side.read(given) for side in self._sides()}
            return {"crossing": {name: {} if cut is MISSING else cut for name, cut in sides.items()}}
        return super().read(given)


@dataclass(frozen=True)
class RulePart:
    """Every stratum or the worst; what is not cut at all is pooled, and nothing else is."""

    name: str

    def item(self) -> Item:
        """The field alone."""
        return Item(self.name, css="cs-rule-of-strata")

    def fields(self) -> Iterator[tuple[str, forms.Field]]:
        """One choice."""
        words = {key: said for key, said in CHOICE_WORDS["stratum_rule"].items() if key != "pooled"}
        label = WORDS["stratum_rule"].label
        yield self.name, forms.ChoiceField(label=label, choices=list(words.items()), required=False)

    def initial(self, value: Any) -> dict[str, Any]:
        """The rule; pooled is said by the cut."""
        return {self.name: value} if value in {"every", "worst"} else {self.name: "every"}

    def read(self, given: dict[str, Any]) -> Any:
        """The rule that goes with the cut."""
        if given.get(f"{self.name.rpartition('.')[0]}.strata.way") == "pooled":
            return "pooled"
        return given.get(self.name) or MISSING


@dataclass(frozen=True)
class BaselinePart:
    """What is live, or a reference release; and what counts where nothing is live."""

    name: str
    facts: SystemFacts
    current: dict[str, Any]

    def item(self) -> Item:
        """Both fields side by side."""
        return Item(
            items=(Item(f"{self.name}.against"), Item(f"{self.name}.when_no_baseline", css="cs-way-live")),
            css="cs-cut",
        )

    def fields(self) -> Iterator[tuple[str, forms.Field]]:
        """What is compared with, and what if there is nothing."""
        known = _with_current(self.facts.references, [self.current.get("release")])
        releases = [(key, f"reference release {name}") for key, name in known]
        yield (
            f"{self.name}.against",
            forms.ChoiceField(
                label="Compared with",
                choices=[("", "– choose –"), (LIVE, "what is live when a release is judged"), *releases],
                help_text="A reference stays for as long as the policy is in force: small steps add up.",
            ),
        )
        yield (
            f"{self.name}.when_no_baseline",
            forms.ChoiceField(
                label="Where nothing is live",
                choices=list(CHOICE_WORDS["when_no_baseline"].items()),
                required=False,
            ),
        )

    def initial(self, value: Any) -> dict[str, Any]:
        """What is stated."""
        given = value if isinstance(value, dict) else {}
        against = LIVE if given.get("kind") == "live" else str(given.get("release") or self._usual(given))
        when = given.get("when_no_baseline", "inconclusive")
        return {f"{self.name}.against": against, f"{self.name}.when_no_baseline": when}

    def _usual(self, given: dict[str, Any]) -> str:
        return self.facts.live or "" if given.get("kind") == "pinned" else ""

    def read(self, given: dict[str, Any]) -> Any:
        """The baseline."""
        against = given.get(f"{self.name}.against")
        if not against:
            return MISSING
        if against != LIVE:
            return {"kind": "pinned", "release": against}
        when = given.get(f"{self.name}.when_no_baseline")
        return {"kind": "live", **({"when_no_baseline": when} if when else {})}


def _species(name: str, facts: SystemFacts) -> Single:
    known = ", ".join(facts.species[:SHOWN_SPECIES])
    more = " and others" if len(facts.species) > SHOWN_SPECIES else ""
    said = f" The newest tables hold {known}{more}." if known else ""
    help_text = f"{WORDS['species'].help}{said}"
    return Single(
        name,
        lambda: NamesField(label="Attack species", required=False, help_text=help_text),
        shown=NamesField.written,
    )


def _chosen(name: str, label: str, known: Choices, current: Any, *, empty: Any = MISSING) -> Single:
    choices = _with_current(known, current if isinstance(current, list) else [])
    said = "" if choices else f"The system has no {label.lower()} yet."

    def made() -> forms.Field:
        return forms.MultipleChoiceField(
            label=label,
            choices=choices,
            required=False,
            help_text=said,
            widget=forms.CheckboxSelectMultiple,
        )

    return Single(name, made, empty=empty)


def _dataset(name: str, facts: SystemFacts, current: Any) -> Single:
    words = WORDS["dataset"]
    choices = [("", "every test dataset"), *_with_current(facts.datasets, [current])]
    return Single(name, lambda: forms.ChoiceField(label=words.label, choices=choices, required=False))


def _with_current(known: Choices, current: Iterable[Any]) -> list[tuple[str, str]]:
    """What can be chosen; what stands there already stays, also where nobody knows it any more."""
    keys = {key for key, _ in known}
    return [*known, *((str(one), str(one)) for one in current if one and str(one) not in keys)]


def _at(value: dict[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}
