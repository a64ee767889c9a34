"""The answers for whoever reads some channels of a release: nothing is said of the others, nor denied."""

from dataclasses import replace

from django.test import Client

from audits.answers.answered import Answer, Question, Stands
from audits.answers.release_answers import answers_of
from governance.access.models import Account
from governance.access.roles import Role
from releases.bundles.content import ReleaseContent
from releases.bundles.models import Revision
from tests.factories.approvals import World, candidate
from tests.factories.bundles import draft
from tests.factories.cast import actor, grant, system_with_channels
from tests.factories.http import signed_in, with_token
from tests.factories.rollouts import live
from tests.factories.worlds import Prepared

WEB = "on the channels that you read (mobile_web)"


def answered(here: World, revision: Revision, by: Account | None = None) -> dict[Question, Answer]:
    found = answers_of(actor(by or here.cast.security_reviewer), revision)
    return {one.question: one for one in found.answers}


def page(client: Client, revision: Revision) -> str:
    return client.get(f"/admin/answers/{revision.release_id}/").content.decode()


def test_a_channel_reviewer_is_told_of_that_channel_alone(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android", "mobile_web")
    people = prepared.here.cast

    found = answered(prepared.here, prepared.candidate, people.security_reviewer)

    facts = [*found[Question.DECIDED].facts, *found[Question.APPROVED].facts]
    told = [one.what for one in facts if one.what.startswith(("On ", "Started on "))]
    assert told == ["On mobile_web", "Started on mobile_web"]
    assert found[Question.APPROVED].sentence.endswith("; release_manager started it on mobile_web.")


def test_what_lies_on_other_channels_is_not_denied_but_said_not_to_be_seen(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android")
    reviewer = prepared.here.cast.security_reviewer

    found = answered(prepared.here, prepared.candidate)

    sentences = {question: one.sentence for question, one in found.items()}
    assert sentences[Question.DECIDED].startswith(f"None yet {WEB}: it is approved and has answered nobody")
    assert sentences[Question.EVALUATED].endswith(f"; that it was approved is not on record {WEB}.")
    assert sentences[Question.APPROVED] == f"Nobody {WEB}: no approval was asked for there."
    assert sentences[Question.WATCHED].startswith(f"It has not answered anybody {WEB}, so there is no drift")
    told = [WEB in one.support[-1] for one in found.values()]
    assert told == [True] * 5
    assert found[Question.APPROVED].stands is Stands.NOT_YET
    assert "; the rest is still to come, or lies on other channels." in page(
        signed_in(reviewer), prepared.candidate
    )


def test_whoever_reads_all_channels_is_told_without_any_such_word(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android")

    found = answered(prepared.here, prepared.candidate, prepared.here.cast.auditor)

    assert "that you read" not in str([(one.sentence, one.support) for one in found.values()])


def test_a_release_that_the_reader_does_not_see_is_not_named_as_what_was_before(prepared: Prepared) -> None:
    hidden = candidate(prepared.here, "2", channels=("android",))
    live(prepared.here, hidden, "android")

    found = answered(prepared.here, prepared.candidate)[Question.CHANGED]
    whole = answered(prepared.here, prepared.candidate, prepared.here.cast.auditor)[Question.CHANGED]

    told = f"{found.sentence} {[(fact.what, fact.said) for fact in found.facts]}"
    assert "On android it follows a release that you do not see." in found.sentence
    assert ("v2" in told, "live_2" in told) == (False, False)
    assert "Against v2 revision 1 on android" in whole.sentence
    assert "live_2" in str([fact.said for fact in whole.facts])


def test_no_revision_of_another_system_or_out_of_reach_is_compared_with(prepared: Prepared) -> None:
    people = prepared.here.cast
    other = replace(people, system=system_with_channels("branch-liveness", ("kiosk",)))
    grant(people.author, Role.AUTHOR, system=other.system)
    grant(people.auditor, Role.AUDITOR, system=other.system)
    foreign = draft(other, ReleaseContent((other.channel("kiosk"),), (), {}, {}, {}), name="theirs")
    hidden = candidate(prepared.here, "2", channels=("android",))
    url = f"/admin/answers/{prepared.candidate.release_id}/"
    api = f"/api/v1/releases/{prepared.candidate.release_id}/answers/"
    asked = [(people.auditor, foreign), (people.security_reviewer, hidden), (people.auditor, hidden)]

    pages = [signed_in(who).get(url, {"against": str(one.pk)}).status_code for who, one in asked]
    answers = [with_token(who).get(api, {"against": str(one.pk)}).status_code for who, one in asked]

    assert signed_in(people.auditor).get(url, {"against": "nonsense"}).status_code == 404
    assert (pages, answers) == ([404, 404, 200], [400, 400, 200])
