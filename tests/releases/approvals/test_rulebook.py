"""What a rule may say, and which rules a request meets."""

from typing import Any

import pytest

from governance.errors import InvalidInput
from releases.approvals.coverage import Place
from releases.approvals.rulebook import (
    DEFAULT_RULE,
    AskedChannel,
    AskedRule,
    Rule,
    parse_rules,
    rules_met,
    seats_of,
)

CATEGORIES = ("new_fusion_logic", "other")
GOOD: dict[str, Any] = {"key": "web", "title": "Web", "role": "security_reviewer", "count": 2}


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"key": "No Spaces"}, "rules[0].key", "pattern"),
        ({"title": ""}, "rules[0].title", "at least 1"),
        ({"role": "author"}, "rules[0]", "'author' never votes; roles that do are approver, qa_lead"),
        ({"role": ""}, "rules[0]", "either a role or people"),
        ({"people": ["manager"]}, "rules[0]", "either a role or people"),
        ({"role": "", "people": ["manager"]}, "rules[0]", "count 2 is more than the 1 people named"),
        ({"count": 0}, "rules[0].count", "greater than or equal to 1"),
        ({"count": 21}, "rules[0].count", "less than or equal to 20"),
        ({"coverage": "everywhere"}, "rules[0].coverage", "'system' or 'channel'"),
        ({"channel_kinds": ["fridge"]}, "rules[0].channel_kinds", "['fridge'] are no kinds of channel"),
        ({"channel_kinds": []}, "rules[0].channel_kinds", "at least 1"),
        ({"categories": ["weather"]}, "rules[0].categories", "['weather'] are no categories; there are any"),
        ({"quorum": 2}, "rules[0].quorum", "there is no such field here; leave it out"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused_by_field(change: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_rules([GOOD | change], CATEGORIES)

    assert [error.field for error in refusal.value.field_errors] == [field]
    assert said in refusal.value.message


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([], "at least one rule"),
        ("rules", "at least one rule"),
        ([GOOD, GOOD], "the keys web stand twice"),
        ([GOOD] * 21, "21 rules are given; at most 20"),
        (["web"], "rules[0]"),
    ],
)
def test_a_list_of_rules_that_does_not_fit_is_refused(rules: Any, said: str) -> None:
    with pytest.raises(InvalidInput, match="rules") as refusal:
        parse_rules(rules, CATEGORIES)

    assert said in refusal.value.message


@pytest.mark.parametrize(
    ("kinds", "categories", "met"),
    [
        (["any"], ["any"], True),
        (["mobile_web"], ["any"], True),
        (["android"], ["any"], True),
        (["kiosk"], ["any"], False),
        (["any"], ["new_fusion_logic"], True),
        (["any"], ["sdk_major_change"], False),
        (["mobile_web"], ["new_fusion_logic"], False),
        (["android"], ["new_fusion_logic"], True),
    ],
)
def test_a_rule_is_met_when_one_channel_has_both_its_kind_and_its_change(
    kinds: list[str], categories: list[str], met: bool
) -> None:
    rule = Rule(key="r", title="R", role="approver", channel_kinds=tuple(kinds), categories=tuple(categories))

    found = rules_met(
        [rule], {"1": "android", "2": "mobile_web"}, {"1": {"new_fusion_logic"}, "2": {"other"}}
    )

    assert bool(found.get(rule)) == met


def test_the_default_rule_is_met_even_where_nothing_changes() -> None:
    assert rules_met([DEFAULT_RULE], {"1": "kiosk"}, {}) == {DEFAULT_RULE: ("1",)}


def test_a_rule_asks_for_as_many_seats_as_it_counts() -> None:
    rules = parse_rules([GOOD, GOOD | {"key": "qa", "role": "qa_lead", "count": 1}], CATEGORIES)

    assert seats_of(map(AskedRule, rules)) == (Place("web"), Place("web"), Place("qa"))


def test_a_rule_that_covers_channels_has_its_seats_on_each_of_them() -> None:
    (rule,) = parse_rules([GOOD | {"coverage": "channel"}], CATEGORIES)
    channels = (AskedChannel("1", "android"), AskedChannel("2", "mobile_web"))

    seats = seats_of([AskedRule(rule, channels)])

    assert seats == (Place("web", "1"), Place("web", "1"), Place("web", "2"), Place("web", "2"))


def test_a_rule_is_met_only_on_the_channels_on_which_the_change_is() -> None:
    rule = Rule(
        key="t",
        title="Thresholds on the web",
        role="security_reviewer",
        categories=("threshold_or_policy_update",),
        channel_kinds=("mobile_web", "desktop_web"),
        coverage="channel",
    )
    kinds = {"1": "mobile_web", "2": "desktop_web", "3": "android"}
    changes = {"1": {"threshold_or_policy_update"}, "2": {"other"}, "3": {"threshold_or_policy_update"}}

    assert rules_met([rule], kinds, changes) == {rule: ("1",)}


def test_what_a_rule_says_is_stored_with_its_coverage() -> None:
    (rule,) = parse_rules([GOOD | {"coverage": "channel"}], CATEGORIES)

    assert rule.model_dump(mode="json")["coverage"] == "channel"
