"""The form of a criterion: made from the kind's own specification, and read back to the very same one."""

from typing import Any, Literal
from uuid import UUID

import pytest
from pydantic import Field

from releases.gates.criteria import KIND_OF, KINDS
from releases.gates.judging.criterion import CriterionKind
from releases.gates.policies.criterion_form import CriterionForm, about_of, initial_of
from releases.gates.policies.fields import HIDDEN
from releases.gates.policies.parsing import CriterionInput, parsed_criterion
from releases.gates.policies.system_facts import SystemFacts
from releases.gates.vocabulary.outcomes import CriterionOutcome
from releases.gates.vocabulary.pins import Part, Reason
from releases.gates.vocabulary.specs import Spec

RELEASE = "01990000-0000-7000-8000-000000000001"
DATASET = "sha256:" + "da" * 32
FACTS = SystemFacts(
    segments=(("skin_tone_1", "Skin tone 1 (protected)"), ("skin_tone_6", "Skin tone 6 (protected)")),
    protected=("skin_tone_1", "skin_tone_6"),
    channels=(("android", "android"), ("ios", "ios")),
    species=("mask", "print"),
    references=((RELEASE, "first"),),
    datasets=((DATASET, "faces 1"),),
    live=RELEASE,
    has_served=True,
)
BOTH = {"segments": ["skin_tone_1", "skin_tone_6"]}
POOLED = {"strata": {"pooled": True}, "stratum_rule": "pooled"}
LIVE, PINNED = {"kind": "live"}, {"kind": "pinned", "release": RELEASE}
CROSSED = {"crossing": {"first": BOTH, "second": {"channels": ["android"]}}}
LOW = {"attribute": "lighting", "operator": "eq", "value": "low"}
MARGIN = {"margin": 0.07, "margin_reason": "Nobody notices less."}
SPECS: list[tuple[str, dict[str, Any]]] = [
    ("absolute", {"metric": "apcer", "strata": {"species": ["print", "mask"]}, "limit": 0.05}),
    ("absolute", {"metric": "bpcer", "strata": BOTH, "limit": 0.1, "where": LOW, "dataset": DATASET}),
    ("absolute", {"metric": "bpcer", "strata": BOTH, "limit": 0.1, "stratum_rule": "worst"}),
    ("absolute", {"metric": "bpcer", "strata": {"segments": ["gone_meanwhile"]}, "limit": 0.1}),
    ("noninferiority", {"metric": "bpcer", "strata": CROSSED, "baseline": PINNED, **MARGIN}),
    (
        "noninferiority",
        {
            "metric": "apcer",
            "strata": {"species": ["print"]},
            "baseline": {"kind": "live", "when_no_baseline": "absolute_only"},
            "pairing": "independent",
            "pairing_reason": "Other captures.",
            "planned_icc": 0.05,
            "planned_icc_reason": "Measured.",
            "planned_icc_subjects": 40,
            "planned_deff": 2,
            "planned_deff_reason": "Measured.",
            **MARGIN,
        },
    ),
    ("superiority", {"metric": "bpcer", "strata": BOTH, "baseline": LIVE, **MARGIN, "margin": 0}),
    ("latency_quantile", {**POOLED, "budget_ms": 800, "values": "one_per_subject"}),
    ("retry_rate", {**POOLED, "population": "attack", "limit": 0.2}),
    ("disagreement", {**POOLED, "baseline": LIVE, "limit": 0.2, "limit_reason": "So."}),
    (
        "disagreement",
        {"strata": {"channels": ["ios"]}, "baseline": PINNED, "limit": 0.2, "limit_reason": "So."},
    ),
    ("calibration", {"baseline": LIVE, **MARGIN}),
    ("max_errors", {"metric": "bpcer", **POOLED, "max_errors": 0, "presentations": 150}),
    ("ratio_to_whole", {"metric": "bpcer", "strata": BOTH, "max_ratio": 1.25, "ratio_reason": "A rule."}),
    ("attestation", {"attestation": "error_analysis", "max_age_days": 30}),
    ("completeness", {}),
    (
        "completeness",
        {
            "card": [],
            "species": ["print"],
            "segments": ["skin_tone_6"],
            "readiness": ["rollback_path"],
            "max_drill_age_days": 90,
        },
    ),
]
IDS = [f"{kind}-{index}" for index, (kind, _) in enumerate(SPECS)]


def held(kind: str, spec: dict[str, Any]) -> CriterionInput:
    """A criterion as it is stored."""
    document = parsed_criterion(CriterionInput("held", kind, "Held", spec), "criterion").spec_document()
    return CriterionInput("held", kind, "Held", document, owner="author")


def opened(current: CriterionInput, kind: CriterionKind | None = None) -> CriterionForm:
    asked = kind or KIND_OF[current.kind]
    initial = initial_of(asked, FACTS, spec=current.spec, current=current)
    return CriterionForm(initial=initial, kind=asked, facts=FACTS, current=current)


def sent(form: CriterionForm, **changes: Any) -> CriterionForm:
    """The form as a browser sends it back, with what was changed in it."""
    shown = {name: form[name].value() for name in form.fields}
    data = {name: value for name, value in shown.items() if value is not None}
    given = {**data, "act_key": "key", "read": "sha256:0", **changes}
    return CriterionForm(data=given, kind=form.kind, facts=FACTS, current=form.current)


def new(kind: str, **given: Any) -> CriterionForm:
    form = CriterionForm(initial=initial_of(KIND_OF[kind], FACTS, spec={}), kind=KIND_OF[kind], facts=FACTS)
    return sent(form, **{"key": "b", "title": "New", **given})


def test_there_is_a_specification_of_every_kind() -> None:
    assert {kind for kind, _ in SPECS} == {kind.key for kind in KINDS}


@pytest.mark.parametrize(("kind", "spec"), SPECS, ids=IDS)
def test_a_criterion_that_is_opened_and_saved_is_the_same(kind: str, spec: dict[str, Any]) -> None:
    current = held(kind, spec)
    form = sent(opened(current))

    assert form.is_valid(), form.errors
    again = parsed_criterion(form.written(), "criterion")
    assert again.spec_document() == current.spec
    assert form.written().owner == "author"
    assert form.says() == again.sentence()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
def test_every_field_of_a_kind_is_asked_for_and_every_kind_says_what_it_is(kind: CriterionKind) -> None:
    form = CriterionForm(kind=kind, facts=FACTS)

    asked = {name.split(".")[1] for name in form.fields if name.startswith("spec.")}
    assert asked == set(kind.spec.model_fields) - HIDDEN
    assert len(about_of(kind)) > 40


class Inner(Part):
    """A part of a specification."""

    depth: int = 3
    word: str | None = None


class UnheardOfSpec(Spec):
    """A specification with what no kind of ours has."""

    colours: list[Literal["red", "blue"]]
    inner: Inner = Field(default_factory=Inner)
    weights: dict[str, float] | None = None
    owner_id: UUID | None = Field(default=None, strict=False)
    is_strict: bool = False
    why: Reason


UNHEARD_OF = CriterionKind(
    "unheard_of", "Unheard of", UnheardOfSpec, lambda spec: f"{spec.why}.", lambda context, spec: _never()
)


def _never() -> CriterionOutcome:
    raise AssertionError("a form judges nothing")


def test_a_kind_that_nobody_thought_of_gets_its_form_from_its_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KIND_OF, "unheard_of", UNHEARD_OF)
    form = CriterionForm(initial=initial_of(UNHEARD_OF, FACTS, spec={}), kind=UNHEARD_OF, facts=FACTS)

    saved = sent(
        form,
        **{
            "title": "New",
            "key": "b",
            "spec.colours": ["red"],
            "spec.inner.word": "deep",
            "spec.weights": '{"a": 0.5}',
            "spec.owner_id": RELEASE,
            "spec.is_strict": "on",
            "spec.why": "Because",
        },
    )

    assert saved.is_valid(), saved.errors
    assert saved.written().spec == {
        "colours": ["red"],
        "inner": {"depth": 3, "word": "deep"},
        "weights": {"a": 0.5},
        "owner_id": RELEASE,
        "is_strict": True,
        "why": "Because",
    }
    assert saved.says() == "Because."


def test_lists_of_ways_that_were_not_chosen_are_not_read() -> None:
    lists = {"spec.strata.species": "print\n\n print \nmask", "spec.strata.segments": ["skin_tone_1"]}
    form = new("absolute", **{**LIMITED, **lists})

    assert form.is_valid(), form.errors
    assert form.written().spec["strata"] == {"species": ["print", "mask"]}


def test_what_is_not_cut_is_pooled_without_being_told() -> None:
    form = new("latency_quantile", **{"spec.strata.way": "pooled", "spec.budget_ms": "800"})

    assert form.is_valid(), form.errors
    assert form.written().spec["stratum_rule"] == "pooled"


LIMITED = {
    "spec.metric": "apcer",
    "spec.strata.way": "species",
    "spec.strata.species": "print",
    "spec.limit": "0.05",
}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"spec.limit": ""}, "spec.limit"),
        ({"spec.limit": "much"}, "spec.limit"),
        ({"spec.limit": "1e999"}, "spec.limit"),
        ({"spec.limit": "nan"}, "spec.limit"),
        ({"spec.limit": "5"}, "spec.limit"),
        ({"spec.limit": ["0.1", "0.2"]}, "spec.limit"),
        ({"spec.limit_reason": "x" * 2001}, "spec.limit_reason"),
        ({"spec.limit_reason": "a\0b"}, "spec.limit_reason"),
        ({"spec.metric": "moon"}, "spec.metric"),
        ({"spec.strata.way": ""}, "spec.strata.way"),
        ({"spec.strata.way": "moon"}, "spec.strata.way"),
        ({"spec.strata.way": "crossing"}, "spec.strata.crossing.first.way"),
        ({"spec.strata.way": "segments"}, "spec.strata.segments"),
        ({"spec.strata.way": "segments", "spec.strata.segments": ["moon"]}, "spec.strata.segments"),
        ({"spec.strata.species": ""}, "spec.strata.species"),
        ({"spec.strata.species": "x" * 201}, "spec.strata.species"),
        ({"spec.strata.species": "x" * 60_000}, "spec.strata.species"),
        ({"spec.strata.species": "\n".join(map(str, range(201)))}, "spec.strata.species"),
        ({"spec.where": "{"}, "spec.where"),
        ({"spec.where": "[1]"}, "spec.where"),
        ({"spec.where": '{"a": 1e999}'}, "spec.where"),
        ({"spec.where": "[" * 5000}, "spec.where"),
        ({"spec.where": '{"attribute": "\\u0000", "operator": "eq", "value": "1"}'}, "spec.where"),
        ({"spec.min_subjects": "9" * 5000}, "spec.min_subjects"),
        ({"spec.min_subjects": str(2**53)}, "spec.min_subjects"),
        ({"spec.min_subjects": "1.5"}, "spec.min_subjects"),
        ({"spec.alpha_pass": "0.5"}, "spec.alpha_pass"),
        ({"spec.dataset": "moon"}, "spec.dataset"),
        ({"severity": "grave"}, "severity"),
        ({"mode": "off"}, "mode"),
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"key": "a b"}, "key"),
        ({"key": "../moon"}, "key"),
        ({"key": ".."}, "key"),
        ({"key": ""}, "key"),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field(changes: dict[str, Any], field: str) -> None:
    form = new("absolute", **{**LIMITED, **changes})

    assert not form.is_valid()
    assert field in form.errors, form.errors
    assert form.says() == ""


def test_what_concerns_the_criterion_as_a_whole_is_said_above_the_form() -> None:
    form = new("absolute", **{**LIMITED, "spec.planned_icc": "0.1"})

    assert not form.is_valid()
    assert "lanned_icc below 0.2 needs planned_icc_reason" in form.non_field_errors()[0]


def test_fields_that_nobody_asked_for_are_not_read() -> None:
    form = new("absolute", **{**LIMITED, "spec.pinned": "x", "owner": "me", "spec.strata.pinned": "[]"})

    assert form.is_valid(), form.errors
    assert form.written().owner == ""
    assert form.written().spec["strata"] == {"species": ["print"]}


def test_statistics_are_folded_and_open_where_one_of_them_is_wrong() -> None:
    form = new("absolute", **{**LIMITED, "spec.alpha_pass": "7"})

    assert next(form.first_items())["field"].name == "spec.metric"
    assert {"spec.alpha_pass", "spec.where"} <= {item["field"].name for item in form.folded_items()}
    assert form.has_folded_errors
