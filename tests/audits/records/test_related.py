"""Everything that is on record about a release, its approvals and refusals too; and nothing about others."""

from django.db.models import QuerySet

from audits.records.related import entries_between, related_to_decision, related_to_release
from governance.ledger.models import Entry
from tests.audits.records.told import Told
from tests.factories.approvals import candidate
from tests.factories.overrides import proposed, undecided
from tests.factories.rollouts import on_its_way


def types(entries: QuerySet[Entry]) -> list[str]:
    return [entry.document["type"] for entry in entries]


def prefixes(streams: frozenset[str]) -> set[str]:
    return {stream.partition(":")[0] for stream in streams}


def test_a_releases_own_streams_and_those_it_was_judged_by_belong_to_it_whole(history: Told) -> None:
    found = related_to_release(history.release)

    assert {history.release.stream(), history.request.stream(), history.incident.stream()} <= found.whole
    assert prefixes(found.whole) == {
        "release",
        "approval_request",
        "gate_evaluation",
        "gate_policy",
        "component",
        "score_table",
        "incident",
    }
    assert history.here.cast.system.stream() not in found.whole


def test_what_channels_were_assigned_and_what_people_were_refused_belongs_to_it_in_part(
    history: Told,
) -> None:
    found = related_to_release(history.release)

    assert types(found.partial) == ["verb.refused", "assignment.changed", "assignment.changed"]
    assert {"vote.cast", "verb.refused", "rollout.rolled_back"} <= set(types(found.entries()))
    assert not found.partial.filter(stream__in=found.whole).exists()


def test_another_release_on_the_same_channel_is_no_part_of_it(history: Told) -> None:
    before = set(related_to_release(history.release).entries())
    other = candidate(history.here, "2")
    on_its_way(history.here, other, "android")

    found = set(related_to_release(history.release).entries())

    shared = {"gate_policy", "component", "score_table"}
    fresh = {entry.stream.partition(":")[0] for entry in found - before}
    assert other.release.stream() not in related_to_release(history.release).whole
    assert fresh <= shared


def test_what_two_persons_are_to_do_with_it_belongs_to_it_before_the_second_has_confirmed(
    history: Told,
) -> None:
    revision = undecided(history.here)
    proposal = proposed(history.here.cast.approver, revision, expedite=True)

    assert proposal.stream() in related_to_release(revision.release).whole
    assert proposal.stream() not in related_to_release(history.release).whole


def test_a_decision_comes_with_its_batch_and_with_the_release_that_made_it(history: Told) -> None:
    decision = history.decided()

    found = related_to_decision(decision)

    assert history.release.stream() in found.whole
    assert decision.batch.entry in found.partial
    assert types(found.partial).count("decisions.reported") == 1


def test_a_decision_under_an_unknown_stamp_comes_with_what_was_assigned_then(history: Told) -> None:
    decision = history.decided()
    decision.revision = None

    found = related_to_decision(decision)

    assert found.whole == frozenset()
    assert types(found.partial) == ["assignment.changed", "decisions.reported"]


def test_the_entries_of_a_time_begin_at_its_start_and_end_before_its_end(history: Told) -> None:
    times = sorted(set(Entry.objects.values_list("at", flat=True)))

    found = entries_between(times[2], times[-1])

    ats = [entry.at for entry in found]
    assert ats == sorted(ats)
    assert (ats[0], ats[-1]) == (times[2], times[-2])


def test_everything_about_a_release_takes_as_many_queries_however_much_there_is(
    history: Told, django_assert_max_num_queries: object
) -> None:
    with django_assert_max_num_queries(20):  # type: ignore[operator]  # pytest-django's fixture
        list(related_to_release(history.release).entries())
