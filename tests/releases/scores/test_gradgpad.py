"""The demo scores: every row against the shared conversion, and the whole way from upload to counts."""

import csv
import gzip
import io
import sys
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from governance.registry.predicates import parse_predicate
from releases.demo import gradgpad
from releases.scores.bands import single_threshold
from releases.scores.blobs import BlobStore
from releases.scores.canonical import scan_canonical
from releases.scores.counting import Metric, count_pairs, count_rates
from releases.scores.importing import import_table
from releases.scores.meta import parse_meta
from releases.scores.scan import Scan, ScoredTable, scan_tables
from releases.scores.strata import ByColumn, BySegments, Label, Pooled, Population
from releases.statistics.thresholds import AtThreshold, Polarity, closest_errors_threshold
from tests.releases.scores.tables import STACK

SHARED = Path(__file__).parents[4] / "shared" / "data" / "gradgpad" / "gradgpad_grandtest.csv.gz"
META = {
    "dataset": "grandtest",
    "stack_digest": STACK,
    "mapping": {
        "sample": "sample_id",
        "subject": "subject_id",
        "label": {"column": "label", "bona_fide": ["bona_fide"]},
        "species": "pai_fine",
        "score": "score",
        "attributes": ["sex", "age", "skin_tone", "capture_device", "lighting", "dataset"],
    },
    "polarity": "higher_is_attack",
}
TIES = AtThreshold.BONA_FIDE
LABELS: tuple[Label, Label] = ("attack", "bona_fide")
ATTACK_HIGH = Polarity.HIGHER_IS_ATTACK


@pytest.fixture(scope="module")
def directory() -> Path:
    try:
        return gradgpad.data_directory()
    except gradgpad.DemoDataMissing:
        pytest.skip("the package gradgpad is not installed (requirements-demo.txt)")


@pytest.fixture(scope="module")
def shared_rows() -> list[dict[str, str]]:
    if not SHARED.is_file():
        pytest.skip(f"the shared conversion is not there: {SHARED}")
    with gzip.open(SHARED, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows_of(directory: Path, system: str, subset: gradgpad.Subset) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(gradgpad.score_csv(directory, system, subset).decode())))


def test_all_rows_equal_the_shared_conversion(directory: Path, shared_rows: list[dict[str, str]]) -> None:
    facts = tuple(name for name in gradgpad.COLUMNS if name != "score")

    found = {
        (system, names[subset], row["sample_id"]): (
            *(row[name] for name in facts),
            row["score"] and float(row["score"]),
        )
        for system in gradgpad.SYSTEMS
        for subset, names in (("devel", {"devel": "dev"}), ("test", {"test": "test"}))
        for row in rows_of(directory, system, subset)  # type: ignore[arg-type] # the literals of the line above
    }

    expected = {
        (system, row["subset"], row["sample_id"]): (
            *(row[name] for name in facts),
            row[f"score_{system}"] and float(row[f"score_{system}"]),
        )
        for system in gradgpad.SYSTEMS
        for row in shared_rows
    }
    assert len(shared_rows) == 17_184
    assert len(found) == 6 * 17_184
    assert found == expected


def test_the_package_is_read_and_never_imported(directory: Path) -> None:
    gradgpad.score_csv(directory, "auxiliary", "devel")

    assert "gradgpad" not in sys.modules


def test_the_subset_of_each_system_has_all_recordings_of_the_subset(directory: Path) -> None:
    assert {len(rows_of(directory, system, "devel")) for system in gradgpad.SYSTEMS} == {4_651}


def test_an_absent_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(gradgpad.DemoDataMissing, match="not installed") as refused:
        gradgpad.data_directory()

    assert "requirements-demo.txt" in refused.value.next_step


def test_a_package_without_its_data_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gradgpad").mkdir()
    (tmp_path / "gradgpad" / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    with pytest.raises(gradgpad.DemoDataMissing, match="no annotations"):
        gradgpad.data_directory()


@pytest.mark.parametrize(
    ("dataset", "media", "subject"),
    [
        ("casia-fasd", "train_release/17/1.avi", "casia-fasd/train17"),
        ("oulu-npu", "Train_files/1_1_06_2.avi", "oulu-npu/06"),
        ("siw", "Train/spoof/003/003-1-3-4-1.mov", "siw/003"),
        ("csmad", "attack/STAND/A/Mask_atk_A2_i3_009", "csmad/A"),
        ("uvad", "release_1/real/canon/MVI_0003.MOV", ""),
    ],
)
def test_the_subject_is_read_from_the_path_of_the_recording(
    directory: Path, dataset: str, media: str, subject: str
) -> None:
    captures = gradgpad.read_captures(directory)

    assert captures[f"{dataset}_{media}"].subject_id == subject


class Story:
    """The tables of one store, and scans of a candidate against a baseline, thresholds set on devel."""

    def __init__(self, directory: Path, root: Path) -> None:
        self.directory, self.store = directory, BlobStore(root)
        self.scan = cache(self._scan)

    def table(self, system: str, subset: gradgpad.Subset) -> pl.LazyFrame:
        content = gradgpad.score_csv(self.directory, system, subset)
        done = import_table(io.BytesIO(content), parse_meta(META), self.store)
        assert done.refusals == ()
        return scan_canonical(self.store.verified_path(done.canonical_digest))

    def scored(self, system: str) -> ScoredTable:
        answered = self.table(system, "devel").filter(pl.col("answered")).select("label", "score").collect()
        by_label = {label[0]: part["score"].to_numpy() for label, part in answered.group_by("label")}
        point = closest_errors_threshold(
            bona_fide=by_label["bona_fide"],
            attacks=by_label["attack"],
            polarity=ATTACK_HIGH,
            at_threshold=TIES,
        )
        bands = single_threshold(point.threshold, ATTACK_HIGH, TIES)
        return ScoredTable(self.table(system, "test"), ATTACK_HIGH, bands)

    def _scan(self, candidate: str, baseline: str) -> Scan:
        set_up = [self.table(candidate, "devel")]
        return scan_tables(self.scored(candidate), self.scored(baseline), set_up=set_up)


@pytest.fixture(scope="module")
def story(directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story(directory, tmp_path_factory.mktemp("blobs"))


def tone(value: int) -> BySegments:
    predicate = parse_predicate({"attribute": "skin_tone", "operator": "eq", "value": value})
    return BySegments(((f"skin tone {value}", predicate),))


BPCER = [
    ("quality_rbf", "quality_linear", Pooled(), (2281, 440, 604)),
    ("auxiliary", "quality_rbf", Pooled(), (2281, 244, 440)),
    ("auxiliary", "quality_rbf", tone(6), (87, 26, 8)),
    ("auxiliary_type_i_and_ii", "quality_rbf", tone(6), (87, 21, 8)),
    ("auxiliary_type_i_and_ii", "quality_rbf", tone(5), (129, 28, 28)),
]


@pytest.mark.parametrize(("candidate", "baseline", "strata", "expected"), BPCER)
def test_the_paired_errors_on_real_people_are_those_of_the_published_scores(
    story: Story, candidate: str, baseline: str, strata: Pooled | BySegments, expected: tuple[int, int, int]
) -> None:
    counted = count_pairs(story.scan(candidate, baseline), Population("bona_fide"), strata, Metric.ERROR)

    counts = counted.strata[0].counts
    both = counts.both
    assert (counts.presentations, both + counts.candidate_only, both + counts.baseline_only) == expected


def test_mask_rigid_has_the_discordant_counts_of_the_design(story: Story) -> None:
    counted = count_pairs(
        story.scan("auxiliary", "quality_rbf"),
        Population("attack"),
        ByColumn("species", ("mask_rigid",)),
        Metric.ERROR,
    )

    counts = counted.strata[0].counts
    assert (counts.presentations, counts.candidate_only, counts.baseline_only) == (180, 58, 26)
    assert len(counts.subject_rows) == 9
    assert counts.rows_without_cluster == 61


def test_recordings_in_both_subsets_are_flagged(story: Story) -> None:
    scan = story.scan("auxiliary", "quality_rbf")

    flagged = [
        count_rates(scan, Population(label), Pooled(), Metric.NON_RESPONSE).strata[0].set_threshold
        for label in LABELS
    ]

    assert sum(flagged) == 56


def test_capture_failures_of_one_system_show_in_the_paired_non_response(story: Story) -> None:
    scan = story.scan("auxiliary", "quality_rbf")

    found = [
        count_pairs(scan, Population(label), Pooled(), Metric.NON_RESPONSE).strata[0].counts
        for label in LABELS
    ]

    assert [(one.both, one.candidate_only, one.baseline_only) for one in found] == [(0, 0, 37), (0, 0, 6)]
