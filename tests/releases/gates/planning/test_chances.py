"""Lines that captures do not settle: count rules that more of them hurt, limits beyond reach, promises."""

import pytest

from releases.gates.planning.assumptions import Assumption
from releases.gates.planning.collecting import collect, lead
from releases.gates.planning.outlook import Outlook
from tests.releases.gates.contexts import paired_spec, pooled_spec
from tests.releases.gates.planning.plans import ALL_USERS, apcer, line, plan, written
from tests.releases.statistics.seen import seen_pairs

NO_ERRORS = Assumption(rate=0.0)
COUNT_RULE = {"metric": "apcer", "strata": {"species": ["print"]}, "max_errors": 0, "presentations": 150}


def test_a_count_rule_is_about_captures_and_shows_no_bound() -> None:
    short = line("max_errors", COUNT_RULE, written(100, 100), NO_ERRORS)
    unknown = line("max_errors", COUNT_RULE, written(100, 100))

    assert short.needed is not None
    assert (short.needed.presentations_missing, short.can_pass) == (50, False)
    assert short.document()["best_bound"] is None
    assert short.sentence == (
        "print: 100 of 150 attack presentations; the rule is no error in 150 presentations: 50 more from "
        "about 50 more subjects."
    )
    assert "the rule is no error in 150 presentations: 50 more" in unknown.sentence


def test_a_count_rule_that_many_captures_seldom_meet_says_its_chance_and_that_more_lower_it() -> None:
    found = line("max_errors", COUNT_RULE, written(400, 400), Assumption(rate=0.001))

    assert found.outlook is Outlook.CHANCE_TOO_LOW
    assert found.chance == pytest.approx(0.999**400)
    assert found.sentence == (
        "print: 400 attack presentations of 400 subjects; at 0.1 % true errors it passes with a chance of "
        "67 %, 80 % is asked for; more captures make it less likely, with the 150 that the rule asks for it "
        "is 86 %."
    )


def test_a_count_rule_that_is_rarely_met_at_its_own_size_says_so() -> None:
    often = line("max_errors", COUNT_RULE, written(150, 150), Assumption(rate=0.01))
    short = line("max_errors", COUNT_RULE, written(100, 100), Assumption(rate=0.01))

    assert (often.outlook, short.outlook) == (Outlook.CHANCE_TOO_LOW, Outlook.CHANCE_TOO_LOW)
    assert often.sentence == (
        "print: 150 attack presentations of 150 subjects; at 1 % true errors it passes with a chance of 22 % "
        "with the 150 that the rule asks for, 80 % is asked for; more captures make it less likely."
    )


def test_a_count_rule_with_too_few_people_names_the_least_number() -> None:
    found = line("max_errors", {**COUNT_RULE, "min_subjects": 40}, written(150, 30), NO_ERRORS)

    assert "the policy's least number of subjects and presentations is not met" in found.sentence


def test_a_count_rule_that_is_seldom_met_is_not_called_hopeless_in_the_lead() -> None:
    found = plan("max_errors", COUNT_RULE, written(400, 400), Assumption(rate=0.001))

    assert lead([found], collect([found])).endswith(
        "1 would pass less often than asked for, and more captures make it less likely."
    )


@pytest.mark.parametrize("assumed", [(), (NO_ERRORS,)])
def test_a_limit_that_no_captures_show_is_out_of_reach_with_and_without_rates(
    assumed: tuple[Assumption, ...],
) -> None:
    found = line("absolute", apcer(1e-15), written(100, 100), *assumed)

    assert (found.outlook, found.can_pass) == (Outlook.OUT_OF_REACH, False)
    assert "this limit cannot be shown with captures; raise the limit" in found.sentence


def test_as_many_slow_answers_as_are_allowed_do_not_meet_the_budget() -> None:
    found = line(
        "latency_quantile", pooled_spec(budget_ms=500), written(300, 300, ALL_USERS), Assumption(rate=0.05)
    )

    assert found.outlook is Outlook.RATES_TOO_HIGH


def test_answer_times_out_of_reach_are_a_matter_of_their_budget() -> None:
    slow = Assumption(rate=0.05 - 1e-7)
    found = line("latency_quantile", pooled_spec(budget_ms=500), written(300, 300, ALL_USERS), slow)

    assert found.outlook is Outlook.OUT_OF_REACH
    assert found.sentence.endswith("raise the budget or assume fewer slow answers.")


@pytest.mark.parametrize(("discordance", "people"), [(0.01, 59), (0.02, 59), (0.05, 100)])
def test_few_differing_decisions_are_not_promised_a_pass(discordance: float, people: int) -> None:
    found = line(
        "noninferiority",
        paired_spec(strata={"species": ["print"]}, margin=0.05),
        written(people, people),
        Assumption(discordance=discordance),
    )

    assert found.outlook is Outlook.LESS_LIKELY
    assert found.chance == pytest.approx(seen_pairs(people, discordance, 0.0, 0.05), abs=1e-4)
