"""Forms in a real browser: what the theme's own scripts do to them."""

from pathlib import Path

from tests.browser.conftest import Visitor
from tests.factories.worlds import Prepared


def test_choosing_a_file_of_scores_fills_no_other_field(
    visit: Visitor, committed: Prepared, tmp_path: Path
) -> None:
    scores = tmp_path / "scores.csv"
    scores.write_text("sample_id,score\n1,0.5\n")
    author = visit("desktop")
    author.sign_in(committed.here.cast.author.username)

    author.open("/admin/releases/scoretable/import/")
    author.page.set_input_files("#id_file", scores)

    assert author.page.input_value("#id_digest") == ""
    assert author.page.input_value(".cs-file input[type=text]") == "scores.csv"
    assert author.errors == []
