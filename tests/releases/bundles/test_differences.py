"""What a revision changes against what is live on each of its channels."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.ledger.entries import store_blob
from releases.bundles.content import SlotInput
from releases.bundles.differences import all_categories, difference, difference_by_channel, differences_of
from releases.bundles.models import Revision
from releases.bundles.queries import revisions_with_content
from tests.factories.bundles import Parts, changed, component, draft, frozen, go_live
from tests.factories.cast import actor


def start(here: Parts, revision: Revision, *names: str) -> None:
    for name in names:
        go_live(actor(here.cast.release_manager), revision=revision, channel=here.cast.channel(name))


def by_name(revision: Revision) -> dict[str, list[str]]:
    return {
        item.channel.name: [category.key for category in item.categories]
        for item in difference_by_channel(revision).values()
    }


def test_a_release_for_channels_that_were_never_served_is_new_there(here: Parts) -> None:
    live = frozen(here.cast, here.content, name="v1")
    start(here, live, "android")

    copy = draft(here.cast, here.content, name="v2")

    assert by_name(copy) == {"android": [], "ios": ["new_channel"], "mobile_web": ["new_channel"]}


def test_an_sdk_changes_only_its_own_channel(here: Parts) -> None:
    live = frozen(here.cast, here.content, name="v1")
    start(here, live, "android", "ios", "mobile_web")
    sdk = SlotInput("sdk", here.android_sdk, here.cast.channel("android"))

    candidate = draft(here.cast, changed(here.cast, here.content, sdk, tag="2"), name="v2")

    # On the others only the report is new, which counts alone as another change.
    assert by_name(candidate) == {"android": ["sdk_major_change"], "ios": ["other"], "mobile_web": ["other"]}


def test_the_baseline_of_a_live_release_is_the_one_before_it(here: Parts) -> None:
    first = frozen(here.cast, here.content, name="v1")
    policy = SlotInput("threshold_policy", here.policy)
    second = frozen(here.cast, changed(here.cast, here.content, policy, tag="2"), name="v2")
    start(here, first, "android")
    start(here, second, "android")

    android = difference_by_channel(second)[here.cast.channel("android").id]

    assert android.baseline == first
    assert [category.key for category in android.categories] == ["threshold_or_policy_update"]


def test_at_a_time_the_baseline_is_what_was_live_then(here: Parts) -> None:
    first, second = frozen(here.cast, here.content, name="v1"), frozen(here.cast, here.content, name="v2")
    start(here, first, "android")
    between = first.stable_assignments.get().period.lower
    start(here, second, "android")

    android = difference_by_channel(second, between)[here.cast.channel("android").id]

    assert android.baseline == first


@pytest.mark.parametrize(
    ("kept", "keys"), [(range(100, 200), ["major_dataset_refresh"]), (range(5, 105), ["other"])]
)
def test_shares_of_samples_are_computed_from_the_stored_lists(
    here: Parts, kept: range, keys: list[str]
) -> None:
    lists = [store_blob("\n".join(map(str, numbers)).encode()) for numbers in (range(100), kept)]
    slots = [
        SlotInput(
            "dataset",
            component(here.cast, "dataset", "drawn", str(index), sample_hashes=digest),
            None,
            "test",
        )
        for index, digest in enumerate(lists)
    ]
    old = draft(here.cast, changed(here.cast, here.content, slots[0], tag="2"), name="v1")
    new = draft(here.cast, changed(here.cast, here.content, slots[1], tag="3"), name="v2")

    assert [category.key for category in difference(new, old).categories] == keys


def test_without_a_baseline_everything_is_new(here: Parts) -> None:
    found = difference(draft(here.cast, here.content), None)

    assert len(found.changes) == len(here.content.slots)
    assert [category.key for category in found.categories] == ["new_channel"]
    assert len(found.categories[0].evidence) == 3


def test_many_differences_take_as_many_queries_as_one(here: Parts) -> None:
    start(here, frozen(here.cast, here.content, name="v1"), "android", "ios")
    revisions = [draft(here.cast, here.content, name=f"d{number}") for number in range(4)]
    few = list(revisions_with_content(Revision.objects.filter(id=revisions[0].id)))
    many = list(revisions_with_content(Revision.objects.filter(id__in=[row.id for row in revisions])))

    with CaptureQueriesContext(
        connection,
    ) as one:
        differences_of(few)
    with CaptureQueriesContext(connection) as four:
        differences_of(many)

    assert len(four) == len(one)


def test_all_categories_of_a_release_are_those_of_its_channels(here: Parts) -> None:
    start(here, frozen(here.cast, here.content, name="v1"), "android")
    found = difference_by_channel(draft(here.cast, here.content, name="v2"))

    (category,) = all_categories(found.values())

    assert category.key == "new_channel"
    assert {evidence.new for evidence in category.evidence} == {"ios", "mobile_web"}
