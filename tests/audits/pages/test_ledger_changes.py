"""Before and after side by side: what changed is marked, and nothing else is."""

from audits.pages.ledger_changes import Field, fields_of, ids_in


def looks(before: object, after: object) -> dict[str, str]:
    return {field.name: field.look for field in fields_of(before, after)}


def test_a_value_that_changed_is_marked_and_one_that_stayed_is_not() -> None:
    found = fields_of({"state": "open", "by": "a"}, {"state": "approved", "by": "a"})

    assert found == [Field("state", "open", "approved", "changed"), Field("by", "a", "a", "")]


def test_without_anything_before_nothing_is_marked() -> None:
    assert looks(None, {"state": "open", "plan": {"stages": [{"kind": "general"}]}}) == {
        "state": "",
        "plan › stages 1 › kind": "",
    }


def test_what_the_document_before_does_not_mention_is_not_called_new() -> None:
    """It holds only what changed: of anything else it says nothing."""
    assert looks({"state": "open"}, {"state": "approved", "vote": "x"}) == {"state": "changed", "vote": ""}


def test_within_a_part_that_both_mention_what_came_and_went_is_marked() -> None:
    found = looks({"card": {"why": "a", "risk": "b"}}, {"card": {"why": "a", "gain": "c"}})

    assert found == {"card › why": "", "card › gain": "added", "card › risk": "removed"}


def test_values_are_said_as_people_read_them_and_ids_by_their_names() -> None:
    key = "01a21426-dd2c-75de-a218-3de34b657920"
    after = {"drill": True, "note": "", "channels": [key, 3], "none": None, "empty": {}}

    found = fields_of(None, after, {key: "android"})

    assert [field.after for field in found] == ["yes", "–", f"android ({key}), 3", "–", "{}"]
    assert ids_in(after) == {key}


def test_a_text_without_end_is_cut_where_it_is_shown() -> None:
    (found,) = fields_of(None, {"reason": "x" * 5000})

    assert (len(found.after), found.after[-1]) == (600, "…")
