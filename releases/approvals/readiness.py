"""Whether enough people could approve a revision now: what a gate may ask before anybody is asked to vote."""

from datetime import datetime

from releases.approvals.people import Electorate, electorate
from releases.approvals.rulebook import AskedRule
from releases.approvals.snapshots import NoRuleMatches, TooFewApprovers, check_electorate, matched_rules
from releases.bundles.models import Revision
from releases.gates.vocabulary.fact_inputs import ApproversInput, SeatInput


def approver_facts(revision: Revision, at: datetime) -> ApproversInput:
    """Every rule that a request for all channels would meet, with who could fill its seats."""
    try:
        met = matched_rules(revision, revision.channels.order_by("name"), at)
    except NoRuleMatches as refusal:
        return ApproversInput(seats=[], problem=refusal.message)
    who = electorate(revision, at)
    problem = ""
    try:
        check_electorate(met.rules, who)
    except TooFewApprovers as refusal:
        problem = refusal.message
    return ApproversInput(seats=[seat for asked in met.rules for seat in _seats(asked, who)], problem=problem)


def _seats(asked: AskedRule, who: Electorate) -> list[SeatInput]:
    return [
        SeatInput(
            rule=asked.key,
            title=asked.rule.title,
            channel=asked.channel_name(place),
            who=asked.rule.who(),
            needed=asked.rule.count,
            eligible=list(who.may_fill(asked.rule, place)),
        )
        for place in asked.places
    ]
