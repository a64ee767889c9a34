"""How a criterion cuts its rows into strata: by species, by segments, by channels, by two of them, or not
at all.
"""

from typing import Self

from pydantic import Field, model_validator

from governance.registry.predicates import Predicate, attributes_of, parse_predicate
from releases.gates.vocabulary import wording
from releases.gates.vocabulary.outcomes import NotAnswerable, ReasonCode
from releases.gates.vocabulary.pins import Name, Part, PinnedSegment
from releases.scores.strata import CROSS, ByColumn, BySegments, Crossing, Pooled
from releases.scores.strata import Strata as Counted

MOST_CELLS = 500


class _Cut(Part):
    """Strata that are named: the pins are made when the policy is locked."""

    species: list[Name] | None = Field(default=None, min_length=1, max_length=200)
    segments: list[Name] | None = Field(default=None, min_length=1, max_length=200)
    channels: list[Name] | None = Field(default=None, min_length=1, max_length=200)
    pinned: list[PinnedSegment] | None = None

    @model_validator(mode="after")
    def nothing_twice(self) -> Self:
        """A stratum stands once."""
        named = self.species or self.segments or self.channels or []
        if len(set(named)) != len(named):
            raise ValueError("a stratum is named twice")
        return self

    @property
    def ways(self) -> int:
        """How many ways of cutting are stated."""
        return (self.species is not None) + (self.segments is not None) + (self.channels is not None)

    def way(self) -> str:
        """What the strata of this cut are."""
        return "species" if self.species else "segment" if self.segments else "channel"

    def titled(self) -> dict[str, str]:
        """What each stratum is called in sentences, by its key; segments by their key once pinned."""
        if self.pinned is not None:
            return {one.key: _segment_title(one) for one in self.pinned}
        names = self.species or self.segments or self.channels or []
        return {name: wording.species_title(name) for name in names}

    def counted(self) -> ByColumn | BySegments:
        """As the counting takes it.

        Raises:
            NotAnswerable: policy_not_locked, when segments are not pinned to versions.
        """
        if self.species is not None:
            return ByColumn("species", tuple(self.species))
        if self.channels is not None:
            return ByColumn("channel", tuple(self.channels))
        if self.pinned is None:
            raise NotAnswerable(
                ReasonCode.POLICY_NOT_LOCKED,
                "The criterion names segments, but no versions of them",
                "needs a locked policy",
            )
        return BySegments(tuple((segment.key, _predicate(segment)) for segment in self.pinned))

    def pinned_to(self, segments: list[PinnedSegment]) -> Self:
        """The same cut with its segments pinned; another cut stays as it is."""
        return self.model_copy(update={"pinned": segments}) if self.segments else self

    def joined_by(self, segments: list[PinnedSegment]) -> Self:
        """The same cut with more pinned segments, those it lacks; another cut stays as it is."""
        if self.pinned is None:
            return self
        known = {one.key for one in self.pinned}
        more = [one for one in segments if one.key not in known]
        names = [*(self.segments or []), *(one.key for one in more)]
        return self.model_copy(update={"segments": names, "pinned": [*self.pinned, *more]}) if more else self


class Cut(_Cut):
    """One side of a crossing."""

    @model_validator(mode="after")
    def one_way(self) -> Self:
        """Exactly one way of cutting."""
        if self.ways != 1:
            raise ValueError("state exactly one of species, segments or channels")
        return self


class Crossed(Part):
    """Every stratum of the one cut within every stratum of the other."""

    first: Cut
    second: Cut

    @model_validator(mode="after")
    def two_different_cuts(self) -> Self:
        """Only segments may meet segments, and then others; a cell for each pair must be readable."""
        kinds = {self.first.way(), self.second.way()}
        if len(kinds) == 1 and kinds != {"segment"}:
            raise ValueError("a crossing of a cut with itself says nothing: cross two different ones")
        if set(self.first.segments or []) & set(self.second.segments or []):
            raise ValueError("a segment stands on both sides of the crossing")
        cells = len(self.first.titled()) * len(self.second.titled())
        if cells > MOST_CELLS:
            raise ValueError(f"the crossing has {cells} cells; at most {MOST_CELLS} are judged one by one")
        return self


class Strata(_Cut):
    """How the rows are cut: named species, segments (key or id) or channels, a crossing of two of them, or
    not at all. Exactly one of these.
    """

    pooled: bool = False
    crossing: Crossed | None = None

    @model_validator(mode="after")
    def one_cut(self) -> Self:
        """Exactly one way of cutting."""
        if self.ways + self.pooled + (self.crossing is not None) != 1:
            raise ValueError("state exactly one of species, segments, channels, crossing or pooled: true")
        return self

    @property
    def cuts(self) -> tuple[_Cut, ...]:
        """The cuts that name strata: none if pooled, two if crossed."""
        if self.pooled:
            return ()
        return (self,) if self.crossing is None else (self.crossing.first, self.crossing.second)

    @property
    def is_pinned(self) -> bool:
        return any(cut.pinned is not None for cut in self.cuts)

    def wanted_segments(self) -> list[str]:
        """Keys or ids of the segments to pin, in their order."""
        return [name for cut in self.cuts for name in cut.segments or []]

    def wanted_channels(self) -> list[str]:
        """Names of the channels that are strata."""
        return [name for cut in self.cuts for name in cut.channels or []]

    def has(self, kind: str) -> bool:
        """Whether it cuts by this, alone or crossed."""
        return any(cut.way() == kind for cut in self.cuts)

    def kind(self) -> str:
        """What the strata are; of a crossing both with × between."""
        return "pooled" if self.pooled else CROSS.join(cut.way() for cut in self.cuts)

    def names(self) -> list[str]:
        """The names of the strata; segments by their key once pinned."""
        return list(self.titles())

    def titles(self) -> dict[str, str]:
        """What each stratum is called in sentences, by its key."""
        if self.pooled:
            return {"all": "all together"}
        if self.crossing is None:
            return self.titled()
        first, second = (cut.titled() for cut in self.cuts)
        return {
            f"{one}{CROSS}{other}": wording.crossed_title(title, within)
            for one, title in first.items()
            for other, within in second.items()
        }

    def strata(self) -> Counted:
        """As the counting takes it.

        Raises:
            NotAnswerable: policy_not_locked, when segments are not pinned to versions.
        """
        if self.pooled:
            return Pooled()
        if self.crossing is None:
            return self.counted()
        return Crossing(self.crossing.first.counted(), self.crossing.second.counted())

    def pinned_to(self, segments: list[PinnedSegment]) -> Self:
        """The same strata with their segments pinned, given in the order of ``wanted_segments``."""
        if self.crossing is None:
            return super().pinned_to(segments)
        many = len(self.crossing.first.segments or [])
        return self._crossed(
            self.crossing.first.pinned_to(segments[:many]), self.crossing.second.pinned_to(segments[many:])
        )

    def joined_by(self, segments: list[PinnedSegment]) -> Self:
        """The same strata with more segments; of a crossing on its first side that is cut by segments."""
        if self.crossing is None:
            return super().joined_by(segments)
        first, second = self.crossing.first, self.crossing.second
        known = {one.key for cut in (first, second) for one in cut.pinned or []}
        more = [one for one in segments if one.key not in known]
        if first.segments:
            return self._crossed(first.joined_by(more), second)
        return self._crossed(first, second.joined_by(more))

    def _crossed(self, first: Cut, second: Cut) -> Self:
        crossing = self.crossing and self.crossing.model_copy(update={"first": first, "second": second})
        return self.model_copy(update={"crossing": crossing})


def _predicate(segment: PinnedSegment) -> Predicate:
    return parse_predicate(segment.predicate)


def _segment_title(segment: PinnedSegment) -> str:
    return wording.segment_title(segment.title, attributes_of(_predicate(segment)))
