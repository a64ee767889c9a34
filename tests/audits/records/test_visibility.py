"""Whose record a person reads: of what lies within the reach, wholly; of everything else nothing."""

from dataclasses import replace
from pathlib import Path

from pytest_django import Settings

from audits.dossiers.services import request_dossier
from audits.dossiers.subjects import Subject
from audits.pages.ledger_list import rows_of
from audits.records.related import related_to_release
from audits.records.searching import of_release
from audits.records.visibility import OPEN, aggregates, entries_visible_to
from governance.access.models import Account, Proposal
from governance.access.roles import Role
from governance.errors import NotFound
from governance.ledger.models import Entry
from governance.ledger.nightly import STREAM as CHECKS
from governance.ledger.refusals import record_refusal
from governance.registry.models import System
from tests.audits.records.told import Told, elsewhere, on_one_channel, outsider
from tests.factories.cast import actor, administrator, grant, person
from tests.governance.ledger.reading import append, let_sign


def streams(account: Account) -> set[str]:
    return set(entries_visible_to(actor(account)).values_list("stream", flat=True))


def test_an_auditor_of_the_system_reads_all_that_belongs_to_a_release_and_what_was_refused(
    history: Told,
) -> None:
    seen = entries_visible_to(actor(history.here.cast.auditor))

    wanted = set(related_to_release(history.release).entries().values_list("pk", flat=True))
    assert wanted <= set(seen.values_list("pk", flat=True))
    assert seen.filter(document__type="verb.refused").count() == 1


def test_whoever_administers_the_installation_reads_everything(history: Told) -> None:
    seen = entries_visible_to(actor(administrator()))

    assert seen.count() == Entry.objects.count()


def test_an_auditor_of_another_system_reads_nothing_of_this_one(history: Told) -> None:
    reader = outsider()

    seen = streams(reader)

    other = System.objects.get(slug="elsewhere")
    assert {other.stream(), reader.stream()} <= seen
    assert seen - {other.stream(), reader.stream()} == {
        *(channel.stream() for channel in other.channels.all())
    }


def test_without_a_role_one_reads_only_ones_own(history: Told) -> None:
    stranger = history.here.cast.stranger

    seen = entries_visible_to(actor(stranger))

    assert {entry.stream for entry in seen} == {stranger.stream(), f"refusals:{stranger.id}"}


def test_a_role_on_one_channel_reads_the_releases_that_touch_it_but_no_other_channel(history: Told) -> None:
    reader = on_one_channel(history.here, "ios")

    seen = streams(reader)

    assert history.release.stream() in seen
    assert history.here.cast.channel("ios").stream() in seen
    assert history.here.cast.channel("android").stream() not in seen
    assert history.incident.stream() not in seen


def test_who_was_given_what_is_read_where_the_role_counts(history: Told) -> None:
    elsewhere_only = person("worker")
    grant(elsewhere_only, Role.AUTHOR, system=elsewhere())

    seen = entries_visible_to(actor(history.here.cast.auditor))
    given = seen.filter(document__type="grant.given")

    assert given.filter(stream=history.here.cast.approver.stream()).exists()
    assert not seen.filter(stream=elsewhere_only.stream()).exists()
    assert not seen.filter(document__type__startswith="account.", stream__in=_others(history)).exists()


def _others(history: Told) -> list[str]:
    return [row.stream() for row in Account.objects.exclude(pk=history.here.cast.auditor.pk)]


def test_who_asked_for_a_dossier_is_read_by_whoever_reads_the_dossier(
    history: Told, settings: Settings, tmp_path: Path
) -> None:
    let_sign(settings, tmp_path)
    auditor = history.here.cast.auditor
    dossier = request_dossier(actor(auditor), subject=Subject(release=history.release))
    readers = [auditor, history.here.cast.author, on_one_channel(history.here, "ios")]

    seen = [dossier.stream() in streams(reader) for reader in readers]
    found = of_release(entries_visible_to(actor(auditor)), actor(auditor), history.release.pk)

    assert seen == [True, False, False]
    assert found.filter(stream=dossier.stream()).exists()
    assert dossier.stream() not in related_to_release(history.release).whole


def test_what_one_was_refused_is_named_as_long_as_one_sees_it(history: Told) -> None:
    stranger, auditor = actor(history.here.cast.stranger), actor(history.here.cast.auditor)
    refused = Entry.objects.select_related("leaf").get(document__type="verb.refused")

    own, others = rows_of(stranger, [refused])[0], rows_of(auditor, [refused])[0]

    assert own.subject is None
    assert others.subject is not None
    assert others.subject.name == history.release.name


def test_a_refusal_is_read_where_all_that_it_names_is(history: Told) -> None:
    refused = Entry.objects.get(document__type="verb.refused")
    seen = entries_visible_to(actor(history.here.cast.auditor))
    assert refused in seen

    assert refused.document["after"]["targets"] == [history.request.stream()]
    assert refused not in entries_visible_to(actor(outsider()))


def test_a_refusal_that_also_names_what_lies_outside_is_for_whoever_reads_everything_and_who_tried(
    history: Told,
) -> None:
    stranger, auditor = actor(history.here.cast.stranger), actor(history.here.cast.auditor)
    record_refusal(
        stranger, "vote.cast", NotFound("No."), [history.request.stream(), elsewhere().stream()], {}
    )
    refused = Entry.objects.filter(document__type="verb.refused").order_by("-stream_seq")[0]

    assert refused not in entries_visible_to(auditor)
    assert refused in entries_visible_to(stranger)
    assert refused in entries_visible_to(actor(administrator()))


def test_that_the_ledger_was_checked_is_read_by_whoever_reads_anything_of_it(history: Told) -> None:
    check = append(CHECKS)

    assert check in entries_visible_to(actor(on_one_channel(history.here, "ios")))
    assert check not in entries_visible_to(actor(history.here.cast.stranger))


def test_a_token_without_the_scope_to_read_reads_nothing(history: Told) -> None:
    narrowed = actor(history.here.cast.auditor)
    narrowed = replace(narrowed, auth=replace(narrowed.auth, scopes=frozenset({"approvals:vote"})))

    assert not entries_visible_to(narrowed).exists()


def test_every_stream_is_read_by_those_who_may_see_what_it_is_about() -> None:
    """A governed model that says neither by its paths nor apart who sees it would be read by nobody."""
    silent = {prefix for prefix, model in aggregates().items() if not hasattr(model, "access_paths")}

    assert silent - OPEN == {Proposal.stream_prefix}
