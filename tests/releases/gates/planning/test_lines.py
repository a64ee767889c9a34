"""What a plan says of one line: sizes, sentences, and each kind of criterion."""

import math
from typing import Any

import pytest

from governance.errors import InvalidInput
from releases.gates.criteria import KINDS
from releases.gates.planning.assumptions import Assumption
from releases.gates.planning.collecting import collect, lead, less_likely, undecidable
from releases.gates.planning.forecasts import COUNTS_NOTHING, PLANS
from releases.gates.planning.outlook import Outlook
from releases.gates.planning.sources import Written
from releases.gates.vocabulary.wording import needs
from releases.statistics.decisions import Decision, Reason, Remedy, Verdict
from tests.releases.gates.contexts import paired_spec, pooled_spec
from tests.releases.gates.planning.plans import ALL_USERS, PRINT, apcer, line, plan, written

SIZES = [(0.01, 299), (0.02, 149), (0.03, 99), (0.05, 59), (0.07, 42), (0.10, 29), (0.15, 19)]
NO_MINIMA = {"min_subjects": 2, "min_presentations": 1}
LIVE = {"kind": "live"}
NO_ERRORS = Assumption(rate=0.0)


def margin(size: float = 0.07, **changes: Any) -> dict[str, Any]:
    return paired_spec(strata={"species": ["print"]}, margin=size, **changes)


def test_plans_are_of_kinds_that_there_are() -> None:
    assert {kind.key for kind in KINDS} >= PLANS.keys() | COUNTS_NOTHING


def test_a_kind_without_a_plan_says_so_instead_of_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(PLANS, "absolute")

    found = plan("absolute", apcer(0.01), written(148, 148))

    assert (found.outlook, found.lines) == (Outlook.NOT_PLANNED, ())
    assert found.said.startswith("No plan exists for this kind of criterion")


@pytest.mark.parametrize(("limit", "n"), SIZES)
def test_without_an_error_a_limit_needs_the_published_number_of_captures(limit: float, n: int) -> None:
    enough = line("absolute", apcer(limit, **NO_MINIMA), written(n, n), NO_ERRORS)
    short = line("absolute", apcer(limit, **NO_MINIMA), written(n - 1, n - 1), NO_ERRORS)

    assert (enough.outlook, enough.can_pass, enough.chance) == (Outlook.DECIDABLE, True, 1.0)
    assert short.needed is not None
    assert (short.outlook, short.can_pass, short.chance) == (Outlook.NEEDS_MORE, False, 0.0)
    assert (short.needed.presentations, short.needed.presentations_missing) == (n, 1)


@pytest.mark.parametrize(("size", "n"), SIZES)
def test_without_a_difference_a_margin_needs_the_same_number(size: float, n: int) -> None:
    assumed = Assumption(discordance=0.0)
    enough = line("noninferiority", margin(size, **NO_MINIMA), written(n, n), assumed)
    short = line("noninferiority", margin(size, **NO_MINIMA), written(n - 1, n - 1), assumed)

    assert (enough.outlook, short.outlook) == (Outlook.DECIDABLE, Outlook.NEEDS_MORE)
    assert short.needed is not None
    assert short.needed.presentations_missing == 1


def test_a_line_says_what_its_bound_would_be_at_best_and_how_many_are_missing() -> None:
    found = line("absolute", apcer(0.01), written(148, 148), NO_ERRORS)

    assert found.sentence == (
        "print: 148 of 299 attack presentations; with no error at all the bound would be 2.0 %, the limit is "
        "1 %: 151 more from about 151 more subjects."
    )


def test_captures_of_the_same_people_count_for_less_and_need_more_people() -> None:
    found = line("absolute", apcer(0.01), written(148, 37), NO_ERRORS)

    needed = found.needed
    assert needed is not None
    assert needed.subjects == math.ceil(299 * 1.6 / 4)
    assert (needed.presentations, needed.presentations_missing, needed.subjects_missing) == (480, 332, 83)
    assert needed.captures_each is None  # 37 people at a correlation of 0.2 are worth 185 captures at most


def test_a_line_that_could_pass_says_its_chance_and_the_one_asked_for() -> None:
    found = line("absolute", apcer(0.05), written(59, 59), Assumption(rate=0.01))

    assert found.can_pass
    assert found.outlook is Outlook.LESS_LIKELY
    assert "at 1 % true errors it passes with a chance of 55 %, 80 % is asked for: 65 more" in found.sentence


def test_a_criterion_that_could_pass_is_not_called_undecidable() -> None:
    possible = plan("absolute", apcer(0.05), written(59, 59), Assumption(rate=0.01))
    impossible = plan("absolute", apcer(0.05), written(40, 40), Assumption(rate=0.01))

    collected = lead([possible], collect([possible]))
    both = lead([possible, impossible], collect([possible, impossible]))

    assert collected == (
        "1 of 1 criterion may pass with these captures, but less likely than asked for; collect 65 more "
        "attack presentations of print from about 65 more subjects first."
    )
    assert (undecidable([possible]), less_likely([possible])) == (0, 1)
    assert both.startswith("1 of 2 criteria cannot be decided with these captures; collect ")
    assert both.endswith("1 may pass with these captures, but less likely than asked for.")


def test_several_lines_must_all_pass_so_each_is_asked_for_more() -> None:
    spec = apcer(0.05, strata={"species": ["print", "mask", "replay", "makeup"]})
    found = plan("absolute", spec, Written({PRINT: (200, 200)}), NO_ERRORS)

    assert [one.power for one in found.lines] == pytest.approx([0.95] * 4)
    assert found.outlook is Outlook.NEEDS_MORE
    assert found.chance == 0.0


def test_a_rate_that_does_not_meet_the_limit_is_no_matter_of_captures() -> None:
    found = line("absolute", apcer(0.05), written(5000, 5000), Assumption(rate=0.06))

    assert (found.outlook, found.needed) == (Outlook.RATES_TOO_HIGH, None)
    assert found.sentence == (
        "print: at 6 % true errors it does not meet the limit of 5 %; more data will not pass this."
    )


def test_an_absurd_need_is_said_in_words() -> None:
    assumed = Assumption(discordance=0.2, difference=0.0699)
    found = line("noninferiority", margin(), written(500, 500), assumed)

    assert (found.outlook, found.needed) == (Outlook.OUT_OF_REACH, None)
    assert "needs more than 100,000 subjects" in found.sentence
    assert found.sentence.endswith(
        "this margin cannot be shown with captures; widen the margin or assume fewer differences."
    )


@pytest.mark.parametrize("rate", [0.05 - 1e-9, 0.05 - 1e-15])
def test_a_rate_a_hair_below_the_limit_is_out_of_reach(rate: float) -> None:
    found = line("absolute", apcer(0.05), written(500, 500), Assumption(rate=rate))

    assert found.outlook is Outlook.OUT_OF_REACH


def test_an_unknown_rate_is_asked_for_and_never_made_up() -> None:
    enough = line("absolute", apcer(0.05), written(100, 100))
    short = line("absolute", apcer(0.05), written(30, 30))

    assert (enough.outlook, enough.chance, enough.can_pass) == (Outlook.RATES_UNKNOWN, None, True)
    assert "could pass with no error at all; state errors to know the chance" in enough.sentence
    assert (short.outlook, short.can_pass) == (Outlook.NEEDS_MORE, False)
    assert "30 of at least 59 attack presentations" in short.sentence


def test_the_policys_minima_keep_a_line_from_passing() -> None:
    found = line("absolute", apcer(0.05, min_subjects=40), written(100, 30), NO_ERRORS)

    assert (found.outlook, found.can_pass) == (Outlook.NEEDS_MORE, False)
    assert "the policy's least number of subjects and presentations is not met" in found.sentence


@pytest.mark.parametrize(("people", "can_pass"), [(39, False), (40, True)])
def test_the_least_number_of_subjects_is_exact(people: int, can_pass: bool) -> None:
    found = line("absolute", apcer(0.05, min_subjects=40), written(120, people), NO_ERRORS)

    assert found.can_pass is can_pass


def test_an_evaluation_caps_an_absurd_need_in_words_too() -> None:
    decision = Decision(Verdict.INCONCLUSIVE, Reason.STRADDLES_LIMIT, Remedy.MORE_SUBJECTS, 494_772)

    said = needs(decision, "print")

    assert said == (
        "needs more than 100,000 more subjects of print: at these rates captures cannot show this limit"
    )


def test_what_can_be_told_apart_is_the_distance_to_the_largest_rate_that_passes() -> None:
    found = line("absolute", apcer(0.03), written(500, 500), NO_ERRORS)

    effect = found.document()["minimum_detectable_effect"]
    at_the_edge = line("absolute", apcer(0.03), written(500, 500), Assumption(rate=0.03 - effect))
    assert at_the_edge.chance == pytest.approx(0.8)


def test_superiority_asks_by_how_much_it_is_better() -> None:
    spec = margin(0.0)
    unknown = line("superiority", spec, written(400, 400), Assumption(discordance=0.1))
    known = line("superiority", spec, written(400, 400), Assumption(discordance=0.1, difference=-0.06))

    assert unknown.outlook is Outlook.RATES_UNKNOWN
    assert "state by how much it is better" in unknown.sentence
    assert known.outlook is Outlook.DECIDABLE


def test_arms_of_their_own_are_planned_with_the_rate_of_what_is_live() -> None:
    spec = margin(0.1, pairing="independent", pairing_reason="Other captures")
    found = line("noninferiority", spec, written(150, 150), Assumption(rate=0.2))

    assert found.needed is not None
    assert found.needed.presentations == 197


def test_latency_retries_and_disagreement_are_rates_of_their_own() -> None:
    people = written(100, 100, ALL_USERS)
    slow = line("latency_quantile", pooled_spec(budget_ms=500), people, Assumption(rate=0.0))
    again = line("retry_rate", pooled_spec(limit=0.1), people, Assumption(rate=0.01))
    spec = pooled_spec(limit=0.3, limit_reason="A test's", baseline=LIVE)
    other = line("disagreement", spec, people, Assumption(discordance=0.1))

    assert [one.outlook for one in (slow, again, other)] == [Outlook.DECIDABLE] * 3
    assert slow.noun == "answer times of genuine users"


def test_one_answer_of_each_person_counts_people() -> None:
    spec = pooled_spec(budget_ms=500, values="one_per_subject")

    found = line("latency_quantile", spec, written(500, 58, ALL_USERS), Assumption(rate=0.0))

    assert (found.outlook, found.can_pass) == (Outlook.NEEDS_MORE, False)
    assert found.needed is not None
    assert found.needed.subjects_missing == 1


def test_a_ratio_to_the_whole_needs_the_whole() -> None:
    spec = {
        "metric": "bpcer",
        "strata": {"channels": ["android"]},
        "max_ratio": 1.25,
        "ratio_reason": "A test's",
    }
    android = ("bona_fide", ("channel", "android"))
    alone = line("ratio_to_whole", spec, Written({android: (400, 400)}), Assumption(rate=0.05))
    within = Written({android: (400, 400), ALL_USERS: (2000, 2000)})
    known = line("ratio_to_whole", spec, within, Assumption(rate=0.05))

    assert "state how many presentations there are all together" in alone.sentence
    assert known.needed is not None
    assert known.needed.presentations_missing > 1000


def test_calibration_asks_how_far_scores_lie_apart() -> None:
    spec = {"margin": 0.02, "margin_reason": "A test's", "baseline": LIVE}
    unknown = line("calibration", spec, written(3000, 3000, ALL_USERS))
    enough = line("calibration", spec, written(3000, 3000, ALL_USERS), Assumption(spread=0.05))
    short = line("calibration", spec, written(2500, 2500, ALL_USERS), Assumption(spread=0.05))

    outlooks = [one.outlook for one in (unknown, enough, short)]
    assert outlooks == [Outlook.RATES_UNKNOWN, Outlook.DECIDABLE, Outlook.NEEDS_MORE]


def test_kinds_that_count_nothing_say_so() -> None:
    review = plan("attestation", {"attestation": "error_analysis"}, Written({}))
    complete = plan("completeness", {}, Written({}))

    assert [review.outlook, complete.outlook] == [Outlook.NEEDS_NO_COUNTS] * 2
    assert "no captures are needed" in review.said


def test_completeness_that_names_species_counts_their_captures() -> None:
    spec = {"species": ["print", "mask"], "min_presentations": 20, "min_subjects": 5}
    found = plan("completeness", spec, written(30, 3))

    needs = [one.needed for one in found.lines if one.needed]
    assert [one.outlook for one in found.lines] == [Outlook.NEEDS_MORE] * 2
    assert [(one.presentations_missing, one.subjects_missing) for one in needs] == [(0, 2), (20, 5)]


def test_the_most_specific_assumption_counts() -> None:
    general, metric = Assumption(rate=0.5), Assumption(metric="apcer", rate=0.2)
    stratum = Assumption(stratum=("species", "print"), rate=0.1)
    named = Assumption(criterion="asked", rate=0.01)
    spec, source = apcer(0.6), written(100, 100)

    assert line("absolute", spec, source, metric, general).assumed.rate == 0.2
    assert line("absolute", spec, source, stratum, metric).assumed.rate == 0.1
    assert line("absolute", spec, source, named, stratum, metric).assumed.rate == 0.01


def test_a_difference_beyond_what_is_decided_differently_is_refused() -> None:
    with pytest.raises(InvalidInput, match="State at least as much"):
        Assumption(discordance=0.01, difference=0.05)


def test_an_assumed_design_effect_counts_where_it_is_the_larger() -> None:
    dear = line("absolute", apcer(0.05), written(100, 100, design_effect=4), NO_ERRORS)
    floor = line("absolute", apcer(0.05), written(100, 20, design_effect=1.2), NO_ERRORS)

    assert dear.document()["n_eff"] == pytest.approx(25)
    assert dear.outlook is Outlook.NEEDS_MORE
    assert floor.document()["design_effect"] == pytest.approx(1.8)
