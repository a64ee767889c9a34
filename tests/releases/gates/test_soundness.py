"""Policies that a worse release could pass are refused, and what they lack is named."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from governance.documents import checked
from releases.bundles.models import Revision
from releases.gates.criteria import KIND_OF
from releases.gates.criterion import Criterion
from releases.gates.policies import CriterionInput
from releases.gates.soundness import PolicyCanBeGamed, check_sound
from tests.factories.gates import SMALL, criteria

Change = Callable[[list[CriterionInput]], list[CriterionInput]]
REFERENCE = Revision(release_id="00000000-0000-7000-8000-000000000001")


def parsed(written: list[CriterionInput]) -> list[Criterion]:
    return [
        Criterion(
            one.key,
            1,
            KIND_OF[one.kind],
            one.title,
            one.owner,
            one.severity,
            one.mode,
            checked(KIND_OF[one.kind].spec, one.spec, field="spec", title=one.key),
        )
        for one in written
    ]


def without(*keys: str) -> Change:
    return lambda written: [one for one in written if one.key not in keys]


def changing(key: str, **changes: Any) -> Change:
    return lambda written: [replace(one, **changes) if one.key == key else one for one in written]


def respecified(key: str, **changes: Any) -> Change:
    return lambda written: [
        replace(one, spec={**one.spec, **changes}) if one.key == key else one for one in written
    ]


def test_a_sound_policy_is_not_refused() -> None:
    check_sound(parsed(criteria(SMALL, REFERENCE)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without("apcer"), "no absolute APCER criterion"),
        (changing("apcer", severity="advisory"), "no absolute APCER criterion"),
        (changing("apcer", mode="observe"), "no absolute APCER criterion"),
        (without("bpcer_reference", "apcer_reference", "bpnrr_reference", "apnrr_reference"), "pins no ref"),
        (
            without("bpcer_live", "apcer_live", "bpnrr_live", "apnrr_live"),
            "compares nothing with what is live",
        ),
        (without("apcer_reference"), "no reference release: APCER mask, APCER print"),
        (changing("bpcer_reference", mode="observe"), "BPCER skin_tone_1, BPCER skin_tone_6"),
        (respecified("apcer_reference", strata={"species": ["print"]}), "no reference release: APCER mask"),
        (without("apnrr_live", "apnrr_reference"), "silence on hard captures is rewarded: ATTACK mask"),
        (
            respecified("bpnrr_live", strata={"segments": ["skin_tone_1"]}),
            "silence on hard captures is rewarded: BONA_FIDE skin_tone_6",
        ),
        (
            respecified("apnrr_live", where={"attribute": "skin_tone", "operator": "exists", "value": True}),
            "silence on hard captures is rewarded: ATTACK mask, ATTACK print",
        ),
    ],
)
def test_a_policy_that_can_be_gamed_is_refused_by_naming_what_is_missing(change: Change, said: str) -> None:
    with pytest.raises(PolicyCanBeGamed, match=said):
        check_sound(parsed(change(criteria(SMALL, REFERENCE))))
