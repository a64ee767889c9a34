"""The picture in mails: the worst lines, standing alone, with letters on a machine without fonts."""

import struct
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import pytest
from pytest_django import Settings

from audits.pages import raster
from audits.pages.evidence import lines_of
from audits.pages.mail_pictures import (
    LEFT,
    MOST_LINES,
    RIGHT,
    VERDICTS,
    WIDTH,
    drawing_of,
    forest,
    svg_of,
    worst_forest,
)
from audits.pages.mail_species import species_drawing
from audits.pages.species_rates import species_rates
from releases.approvals.models import ApprovalRequest
from tests.audits.pages.figures import stack
from tests.audits.pages.results import FAILING, FEMALE, criterion, line, result
from tests.factories.approvals import requested
from tests.factories.worlds import Prepared

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def fresh_fonts(settings: Settings, tmp_path: Path) -> Path:
    """A new installation: nothing is unpacked yet."""
    settings.VAR_DIR = tmp_path
    return tmp_path / "fonts"


def many(count: int, **numbers: float) -> dict[str, object]:
    """A result with one criterion of so many lines."""
    measured = {"n": 100, "estimate": 0.01, "lower": -0.02, "upper": 0.04, "limit": 0.07, **numbers}
    criterion = {**FAILING["criteria"][0]}
    criterion["strata"] = [line(f"Group {number}", "pass", **measured) for number in range(count)]
    return {"criteria": [criterion]}


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height, from the picture's header."""
    width, height = struct.unpack(">II", png[16:24])
    return int(width), int(height)


def test_the_drawing_holds_the_worst_lines_first_and_no_more_than_fit() -> None:
    few, lots = worst_forest(lines_of(FAILING)), worst_forest(lines_of(many(40)))

    assert few is not None
    assert lots is not None
    assert drawing_of(few).marks[0].verdict == "Fail"
    assert len(drawing_of(lots).marks) == MOST_LINES


def test_everything_stands_on_its_scale() -> None:
    found = worst_forest(lines_of(many(3, lower=-9.0, upper=9.0)))

    assert found is not None
    marks = drawing_of(found).marks
    assert [(mark.left, mark.right) for mark in marks] == [(LEFT, RIGHT)] * 3
    assert all(mark.cut_left and mark.cut_right for mark in marks)


def test_the_drawing_is_a_whole_svg_with_its_own_colours() -> None:
    found = worst_forest(lines_of(FAILING))

    assert found is not None
    svg = ET.fromstring(svg_of(found))
    assert svg.get("width") == str(WIDTH)
    assert svg.find(f"{SVG}style") is not None
    assert "var(" not in svg_of(found)


def test_names_of_segments_are_text_in_the_drawing() -> None:
    result = many(1)
    result["criteria"][0]["strata"][0]["title"] = '<text onload="x">&'  # type: ignore[index]  # a stored document

    found = worst_forest(lines_of(result))

    assert found is not None
    assert [text.text for text in ET.fromstring(svg_of(found)).iter(f"{SVG}text")][5] == '<text onload="x">&'


def test_a_result_without_lines_has_no_drawing() -> None:
    assert worst_forest([]) is None


def test_letters_come_from_the_screens_font_and_from_nowhere_else(fresh_fonts: Path) -> None:
    """The same words twice: with the unpacked font there is ink, with none there is not."""
    svg = f'<svg xmlns="{SVG[1:-1]}" width="{WIDTH}" height="40"><text y="20">Skin tone 6 −4.1</text></svg>'

    drawn = raster.png_of(svg)

    assert sorted(path.suffix for path in fresh_fonts.iterdir()) == [".ttf", ".ttf"]
    assert size_of(drawn) == (2 * WIDTH, 80)
    assert len(set(pixels(drawn))) > 2
    assert set(pixels(raster.png_of(svg.replace("<text", "<text opacity='0'")))) == {0}


def pixels(png: bytes) -> bytes:
    """All scan lines of the picture, unpacked, without the byte that names each line's filter."""
    data, place = b"", 8
    while place < len(png):
        length, kind = struct.unpack(">I4s", png[place : place + 8])
        data += png[place + 8 : place + 8 + length] if kind == b"IDAT" else b""
        place += length + 12
    raw, width = zlib.decompress(data), size_of(png)[0] * 4 + 1
    return b"".join(raw[row + 1 : row + width] for row in range(0, len(raw), width))


def test_fonts_are_unpacked_once(fresh_fonts: Path) -> None:
    first = [path.stat().st_mtime_ns for path in raster.fonts(fresh_fonts)]
    raster.fonts.cache_clear()

    assert [path.stat().st_mtime_ns for path in raster.fonts(fresh_fonts)] == first


def test_a_request_is_drawn_from_the_evaluation_that_it_rests_on(
    prepared: Prepared, fresh_fonts: Path
) -> None:
    request = requested(prepared.here, prepared.candidate)

    of_request, of_evaluation = forest(request.stream()), forest(request.evaluation.stream())

    assert of_request is not None
    assert of_request == of_evaluation
    assert size_of(of_request.png)[0] == 2 * WIDTH
    assert of_request.lines[0].split(":")[0] in VERDICTS.values()
    assert "The worst:" in of_request.alt


def test_what_has_no_evaluation_has_no_picture(prepared: Prepared) -> None:
    missing = f"{ApprovalRequest.stream_prefix}:{prepared.candidate.id}"

    assert forest(missing) is None
    assert forest(prepared.candidate.stream()) is None


def test_a_species_without_a_limit_of_its_own_stands_under_none() -> None:
    limited = line(
        "print_low",
        "pass",
        kind="species",
        baseline=None,
        n=40,
        subjects=40,
        estimate=0.1,
        lower=0.05,
        upper=0.2,
        limit=0.45,
    )
    lines = lines_of(result("pass", criterion("apcer", "apcer", "pass", limited, kind="absolute")))

    rates = species_rates([stack()], {"candidate": "new"}, lines)
    drawing = species_drawing(rates, ("new", ""), 0, (158, 330))

    assert drawing is not None
    verdicts = {mark.name: (mark.verdict, mark.limit is None) for mark in drawing.marks}
    assert verdicts == {"Print low": ("Pass", False), "Mask": ("No limit", True)}
    assert drawing.under.endswith("; limit 45 % where it is drawn")


def test_names_begin_alike_and_channels_are_listed() -> None:
    everywhere = {"kind": "live", "name": "first", "revision": 1, "channels": ["android", "ios", "kiosk"]}
    found = worst_forest(
        lines_of(
            result(
                "pass",
                criterion(
                    "apcer", "apcer", "pass", {**FEMALE, "title": "mask rigid", "baseline": everywhere}
                ),
            )
        )
    )

    assert found is not None
    drawing = drawing_of(found)
    assert drawing.marks[0].name == "Mask rigid"
    assert drawing.headings[0].against == "against first, live on android, ios and kiosk"
