"""Bodies and answers of the planner."""

import math
from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.access.parsing import JsonObject, Text
from governance.access.rest import StrictSerializer
from releases.gates.planning.asked_for import Counts
from releases.gates.planning.assumptions import Assumption
from releases.gates.planning.outlook import Outlook
from releases.gates.planning.sources import Key
from releases.gates.vocabulary.metrics import METRICS

MOST_COUNTS = 1_000
MOST_RATES = 500
LARGEST_COUNT = 1_000_000_000
LABELS = ("bona_fide", "attack")
MEASURES = (*METRICS, "retry_rate", "disagreement", "latency", "calibration_error")


@extend_schema_field(OpenApiTypes.DOUBLE)
class Number(serializers.Field[float, Any, float, Any]):
    """A finite number within bounds, sent as a number."""

    default_error_messages = {
        "not_a_number": "Expected a number, found {found}.",
        "outside": "{value} is outside {low:g} to {high:g}.",
    }

    def __init__(self, low: float, high: float, **kwargs: Any) -> None:
        self.low, self.high = low, high
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> float:
        """The number; texts, truth values and what is no number are none."""
        if isinstance(data, bool) or not isinstance(data, int | float) or not math.isfinite(data):
            self.fail("not_a_number", found=repr(data)[:50])
        if not self.low <= data <= self.high:
            self.fail("outside", value=repr(data)[:50], low=self.low, high=self.high)
        return float(data)

    def to_representation(self, value: float) -> float:
        """As it is."""
        return value


class WholeNumber(Number):
    """A whole number, sent as one."""

    default_error_messages = {
        "not_a_number": "Expected a whole number without a decimal point, found {found}."
    }

    def to_internal_value(self, data: Any) -> float:
        """The number."""
        if not isinstance(data, int):
            self.fail("not_a_number", found=f"{data!r}"[:50])
        return super().to_internal_value(data)


@extend_schema_field(OpenApiTypes.OBJECT)
class StratumField(JsonObject):
    """A stratum as evaluations name it: ``{species: print}``, ``{segment × species: a × b}``."""

    default_error_messages = {
        "one_stratum": 'Expected one kind with one name, as {{"species": "print"}}; found {found}.'
    }

    def to_internal_value(self, data: Any) -> Any:
        """Kind and key."""
        found = super().to_internal_value(data)
        pairs = list(found.items())
        if len(pairs) != 1 or not isinstance(pairs[0][1], str) or not pairs[0][1]:
            self.fail("one_stratum", found=repr(found)[:100])
        return pairs[0]


class CountBody(StrictSerializer):
    """How many presentations of how many subjects of a class there are, or will be, in a stratum."""

    population = serializers.ChoiceField(LABELS)
    stratum = StratumField()
    presentations = WholeNumber(0, LARGEST_COUNT)
    subjects = WholeNumber(0, LARGEST_COUNT)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Each subject gave at least one presentation, and each presentation is of a subject."""
        rows, people = int(attrs["presentations"]), int(attrs["subjects"])
        if people > rows:
            raise serializers.ValidationError(
                {"subjects": [f"{people:,} subjects gave {rows:,} presentations: each gives at least one."]}
            )
        if rows and not people:
            raise serializers.ValidationError({"subjects": [f"{rows:,} presentations are of at least one."]})
        return {**attrs, "presentations": rows, "subjects": people}


class RateBody(StrictSerializer):
    """What is assumed to be true, for the lines of a criterion, a metric, a stratum, or all of them.

    Shares lie within 0 and 1. ``discordance``: how many captures the two stacks decide differently;
    ``difference``: candidate minus what is live; ``spread``: how far their scores lie apart (calibration).
    """

    criterion = Text(max_length=100, required=False, default="")
    metric = serializers.ChoiceField(MEASURES, required=False, default="")
    stratum = StratumField(required=False)
    rate = Number(0, 1, required=False)
    discordance = Number(0, 1, required=False)
    difference = Number(-1, 1, required=False)
    spread = Number(0, 1, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """At least one number."""
        if not {"rate", "discordance", "difference", "spread"} & attrs.keys():
            raise serializers.ValidationError(
                {"rate": ["State at least one of rate, discordance, difference and spread."]}
            )
        return attrs


class PlannerBody(StrictSerializer):
    """What to plan. Without dataset, table and counts the newest dataset with scores is counted.

    With a dataset beside written counts the rates are measured on that.

    ``power``: how likely each criterion passes if what is assumed is true. ``design_effect`` is what the
    likeness of one person's captures is assumed to cost where counts are written; without it what each
    criterion's planned_icc says. ``rates`` go before what the live release was measured to do.
    """

    policy = serializers.UUIDField()
    dataset = serializers.UUIDField(required=False)
    score_table = serializers.UUIDField(required=False)
    counts = CountBody(many=True, required=False, allow_empty=False)
    rates = RateBody(many=True, required=False, default=list)
    power = Number(0.5, 0.999, required=False, default=0.8)
    design_effect = Number(1, 1000, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One source of counts, and no stratum twice."""
        given = [name for name in ("dataset", "score_table", "counts") if name in attrs]
        if len(given) > 1 and given != ["dataset", "counts"]:
            raise serializers.ValidationError(
                {given[1]: [f"{' and '.join(given)} are both given; counts come from one of them."]}
            )
        if "design_effect" in attrs and "counts" not in attrs:
            raise serializers.ValidationError(
                {"design_effect": ["It is measured on the dataset; state it with written counts only."]}
            )
        return attrs

    def validate_counts(self, counts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """No stratum of a class twice."""
        _check_number(counts, MOST_COUNTS)
        seen: set[tuple[str, Key]] = set()
        for index, one in enumerate(counts):
            place = one["population"], one["stratum"]
            if place in seen:
                raise serializers.ValidationError(
                    [f"[{index}] repeats {one['population']} {one['stratum'][1]!r}."]
                )
            seen.add(place)
        return counts

    def validate_rates(self, rates: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """As many as are read at once."""
        _check_number(rates, MOST_RATES)
        return rates


def _check_number(found: list[dict[str, Any]], most: int) -> None:
    if len(found) > most:
        raise serializers.ValidationError([f"{len(found):,} are given; at most {most:,} are read at once."])


def counts_of(body: Mapping[str, Any]) -> Counts | None:
    """The written counts as the planner takes them; None where none are."""
    if "counts" not in body:
        return None
    return {
        (one["population"], one["stratum"]): (one["presentations"], one["subjects"]) for one in body["counts"]
    }


def assumptions_of(body: Mapping[str, Any]) -> list[Assumption]:
    """What is assumed, as the planner takes it."""
    return [Assumption(**one, field=f"rates[{index}]") for index, one in enumerate(body["rates"])]


OUTLOOKS = [one.value for one in Outlook]


class PlannedLineAnswer(serializers.Serializer[Any]):
    """One stratum of a criterion; numbers are null where they are unknown, out of reach or kept back."""

    stratum = serializers.DictField(child=serializers.CharField())
    title = serializers.CharField()
    population = serializers.CharField(help_text="attack, bona_fide, or both")
    outlook = serializers.ChoiceField(OUTLOOKS)
    sentence = serializers.CharField()
    presentations = serializers.IntegerField(allow_null=True)
    subjects = serializers.FloatField(allow_null=True)
    n_eff = serializers.FloatField(allow_null=True)
    design_effect = serializers.FloatField(allow_null=True)
    counts_source = serializers.ChoiceField(["measured", "given"], allow_null=True)
    presentations_needed = serializers.IntegerField(allow_null=True)
    subjects_needed = serializers.IntegerField(allow_null=True)
    presentations_missing = serializers.IntegerField(allow_null=True)
    subjects_missing = serializers.IntegerField(allow_null=True)
    captures_per_subject_needed = serializers.IntegerField(allow_null=True)
    n_eff_needed = serializers.FloatField(allow_null=True)
    chance_to_pass = serializers.FloatField(allow_null=True)
    power = serializers.FloatField(allow_null=True)
    limit = serializers.FloatField(allow_null=True)
    can_pass = serializers.BooleanField(allow_null=True)
    best_bound = serializers.FloatField(allow_null=True)
    minimum_detectable_effect = serializers.FloatField(allow_null=True)
    assumed = serializers.DictField()
    suppressed_in_display = serializers.BooleanField()


class PlannedCriterionAnswer(serializers.Serializer[Any]):
    """One criterion with its lines. ``chance_to_pass``: at least so likely all of its lines pass."""

    key = serializers.CharField()
    kind = serializers.CharField()
    title = serializers.CharField()
    decides = serializers.BooleanField()
    asks = serializers.CharField()
    outlook = serializers.ChoiceField(OUTLOOKS)
    sentence = serializers.CharField()
    chance_to_pass = serializers.FloatField(allow_null=True)
    notes = serializers.ListField(child=serializers.CharField())
    strata = PlannedLineAnswer(many=True)


class GroupAnswer(serializers.Serializer[Any]):
    """What is missing of one species, segment, channel or crossing: the largest need of any criterion."""

    stratum = serializers.DictField(child=serializers.CharField())
    title = serializers.CharField()
    population = serializers.CharField(help_text="attack, bona_fide, or both")
    what = serializers.CharField(help_text="what is collected, in words")
    presentations = serializers.IntegerField(allow_null=True)
    subjects = serializers.FloatField(allow_null=True)
    presentations_missing = serializers.IntegerField()
    subjects_missing = serializers.IntegerField()
    out_of_reach = serializers.BooleanField()
    no_subject_ids = serializers.BooleanField()
    criteria = serializers.ListField(child=serializers.CharField())


class PlannerAnswer(serializers.Serializer[Any]):
    """What the policy could decide, and what to collect next, the largest need first."""

    policy = serializers.DictField()
    counts = serializers.ChoiceField(["written", "measured"])
    measured = serializers.DictField(allow_null=True)
    power = serializers.FloatField()
    sentence = serializers.CharField()
    undecidable = serializers.IntegerField(help_text="criteria that these captures cannot decide")
    less_likely = serializers.IntegerField(help_text="others that may pass, less likely than asked for")
    deciding = serializers.IntegerField(help_text="of so many that the verdict depends on")
    criteria = PlannedCriterionAnswer(many=True)
    collect = GroupAnswer(many=True)
