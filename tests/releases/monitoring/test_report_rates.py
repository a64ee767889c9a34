"""A flood of reports is turned away with the seconds to wait; reading goes on."""

from typing import Any

import pytest
from django.core.cache import cache

from governance.access.rates import PerAccount
from governance.access.roles import Scope
from tests.factories.http import with_token
from tests.factories.worlds import Prepared
from tests.releases.monitoring.lines import URL, decision, post_lines, post_one


def test_reports_beyond_the_rate_are_refused_and_lists_are_not(
    prepared: Prepared, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATES = {**settings.RATES, "reports": "2/hour"}
    cache.clear()
    monkeypatch.setattr(PerAccount, "_silent_until", 0.0)
    cast = prepared.here.cast
    reporter = with_token(cast.integration, Scope.READ, Scope.DECISIONS)
    taken = [post_lines(reporter, [decision(cast.channel("ios"))]).status_code for _ in range(2)]

    refused = post_one(reporter, decision(cast.channel("ios")))
    beat = reporter.post("/api/v1/heartbeats/", "{}", content_type="application/json")
    listed = reporter.get(URL)

    assert taken == [200, 200]
    assert (refused.status_code, beat.status_code, listed.status_code) == (429, 429, 200)
    assert 1 <= int(refused["Retry-After"]) <= 3600
