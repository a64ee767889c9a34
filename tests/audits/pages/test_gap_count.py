"""The number of gaps in the sidebar: there at once on pages that list them, asked for by all others."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import reverse

from audits.answers.gaps import gaps_visible_to
from audits.pages import gap_page
from governance.access.models import Account
from governance.actors import Actor
from tests.audits.pages.browsing import text_of
from tests.factories.cast import actor
from tests.factories.http import signed_in
from tests.factories.rollouts import live
from tests.factories.worlds import Prepared

ASKED_FOR = re.compile(r'<span hx-get="([^"]+)" hx-trigger="intersect once" hx-swap="outerHTML"></span>')


def counted(account: Account) -> str:
    """What the sidebar is answered."""
    return text_of(signed_in(account).get(reverse("admin:gap_count"))).strip()


@pytest.mark.parametrize("name", ["index", "gaps"])
def test_a_page_that_lists_the_gaps_has_their_number_beside_the_link(prepared: Prepared, name: str) -> None:
    auditor = prepared.here.cast.auditor

    response = signed_in(auditor).get(reverse(f"admin:{name}"))

    assert f"Gaps {len(gaps_visible_to(actor(auditor)))}" in text_of(response)
    assert ASKED_FOR.findall(response.content.decode()) == []


def test_any_other_page_finds_no_gaps_and_names_where_their_number_is_asked_for(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Actor] = []
    monkeypatch.setattr(gap_page, "gaps_visible_to", found.append)

    response = signed_in(prepared.here.cast.auditor).get(reverse("admin:live"))

    assert ASKED_FOR.findall(response.content.decode()) == [reverse("admin:gap_count")]
    assert found == []


def test_the_number_is_that_of_the_gaps_which_the_reader_sees_now(prepared: Prepared) -> None:
    auditor = prepared.here.cast.auditor
    before = counted(auditor)

    live(prepared.here, prepared.candidate, "mobile_web", "android", "ios")

    assert int(before) > 2
    assert counted(auditor) == str(len(gaps_visible_to(actor(auditor))) or "")
    assert counted(auditor) != before


def test_where_the_reader_sees_no_gap_no_number_stands(prepared: Prepared) -> None:
    assert counted(prepared.here.cast.stranger) == ""


def test_nobody_is_told_the_number_before_signing_in(prepared: Prepared) -> None:
    request = HttpRequest()
    request.user = AnonymousUser()

    assert gap_page.badge(request) == ""
