"""The real scores behind the demo: six face PAD systems on the grandtest protocol of the gradgpad package.

gradgpad 2.1.0 (MIT; Costa-Pazo et al., IET Biometrics 2021, doi 10.1049/bme2.12049) ships scores and
annotations of 13 public data sets, no images. Its files are read as data and the package is never imported:
importing it would need an old pandas. Higher scores mean attack.

Two traps of the data are handled here: sex stands under ``gender`` or ``sex``, and the subject is nowhere
stated but in the path of the recording. Two data sets (uvad, siw-m) do not name subjects at all.
"""

import csv
import importlib.util
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

from governance.errors import GovernanceError

Subset = Literal["devel", "test"]

SCORE_FILES = {
    "quality_linear": "quality_linear/quality_linear_grandtest_{subset}.json",
    "quality_rbf": "quality_rbf/quality_rbf_grandtest_{subset}.json",
    "quality_rbf_balanced": "quality_rbf_balanced/quality_rbf_balanced_grandtest_{subset}.json",
    "auxiliary": "auxiliary/auxiliary_grandtest_{subset}.json",
    "auxiliary_type_i_and_ii": "auxiliary/auxiliary_grandtest_type_i_and_ii_{subset}.json",
    "continual_learning_auxiliary": (
        "continual_learning_auxiliary/continual_learning_auxiliary_grandtest_type_i_and_ii_{subset}.json"
    ),
}
SYSTEMS = tuple(SCORE_FILES)

SPECIES = (
    "bona_fide",
    "print_low",
    "print_medium",
    "print_high",
    "replay_low",
    "replay_medium",
    "replay_high",
    "mask_paper",
    "mask_rigid",
    "mask_silicone",
    "makeup_cosmetic",
    "makeup_impersonation",
    "makeup_obfuscation",
    "partial_funny_eyes",
    "partial_periocular",
    "partial_paper_glasses",
    "partial_upper_half",
    "partial_lower_half",
)
NOT_STATED = -1
SEXES = {NOT_STATED: "", 0: "male", 1: "female"}
AGES = {NOT_STATED: "", 0: "young", 1: "adult", 2: "senior"}
SKIN_TONES = {NOT_STATED: "", 1: "1", 2: "2", 3: "3", 4: "4", 5: "5", 6: "6"}
DEVICES = {
    NOT_STATED: "no_info",
    0: "webcam_low",
    1: "webcam_high",
    2: "mobile_low",
    3: "mobile_high",
    4: "camera_low",
    5: "camera_high",
}
LIGHTING = {0: "controlled", 1: "adverse", 2: "no_info"}

SUBJECT_RULES: dict[str, str | None] = {
    "oulu-npu": r"/\d+_\d+_(\d+)_\d+\.avi",
    "siw": r"/(\d{3})/\d{3}-",
    "replay-attack": r"client(\d+)",
    "replay-mobile": r"client(\d+)",
    "msu-mfsd": r"client(\d+)",
    "rose-youtu": r"^(\d+)/",
    "threedmad": r"Data/(\d+)_",
    "hkbu": r"s\d/(\d+)_",
    "hkbuv2": r"(?:real|attack)/(\d+)/",
    "csmad": r"(?:bonafide|STAND|WEAR)/([A-Z])/",
    "casia-fasd": r"(test|train)_release/(\d+)/",
    "uvad": None,
    "siw-m": None,
}


class DemoDataMissing(GovernanceError):
    """The package with the demo scores is not installed, or not the version that is read here."""

    code = "demo_data_missing"
    next_step = "Install the demo requirements: pip install --no-deps -r requirements-demo.txt"


@dataclass(frozen=True, slots=True)
class Capture:
    """One recording. Texts are empty where the annotation does not say; a subject carries its data set."""

    sample_id: str
    subject_id: str
    label: str
    pai_fine: str
    sex: str
    age: str
    skin_tone: str
    capture_device: str
    lighting: str
    dataset: str


FACTS = tuple(field.name for field in fields(Capture))
COLUMNS = (*FACTS, "score")


def data_directory() -> Path:
    """Where the installed package keeps its data, found without importing it."""
    spec = importlib.util.find_spec("gradgpad")
    if spec is None or not spec.submodule_search_locations:
        raise DemoDataMissing("The demo needs the scores of the package gradgpad, which is not installed.")
    directory = Path(spec.submodule_search_locations[0]) / "data"
    if not (directory / "gradgpad_annotations.json").is_file():
        raise DemoDataMissing("The installed gradgpad has no annotations; version 2.1.0 is wanted.")
    return directory


def read_captures(directory: Path) -> dict[str, Capture]:
    """All annotated recordings by sample id. Raises ValueError for a code or path that no rule knows."""
    return dict(_captures(directory))


def read_scores(directory: Path, system: str, subset: Subset) -> dict[str, float]:
    """The scores of one system by sample id; KeyError for a system that is not in SYSTEMS."""
    path = directory / "scores" / SCORE_FILES[system].format(subset=subset)
    if not path.is_file():
        raise DemoDataMissing(f"The installed gradgpad lacks {path.name}; version 2.1.0 is wanted.")
    scores: dict[str, float] = _json(path)
    return scores


def score_rows(directory: Path, system: str, subset: Subset) -> Iterator[tuple[Capture, float | None]]:
    """Every recording that any of the six systems scored in the subset, by id, with this system's score.

    None where only others have one: the system failed on that recording.
    """
    captures = read_captures(directory)
    scores = read_scores(directory, system, subset)
    return ((captures[sample], scores.get(sample)) for sample in _everyone(directory, subset))


def score_csv(directory: Path, system: str, subset: Subset) -> bytes:
    """The table of one system and subset as CSV with COLUMNS; an empty score cell is a non-response.

    Scores are written so that they read back as the same doubles. The bytes are the same on every call.
    """
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(COLUMNS)
    facts = attrgetter(*FACTS)
    for capture, score in score_rows(directory, system, subset):
        writer.writerow((*facts(capture), "" if score is None else repr(score)))
    return target.getvalue().encode()


@lru_cache(maxsize=2)
def _everyone(directory: Path, subset: Subset) -> tuple[str, ...]:
    return tuple(sorted({sample for one in SYSTEMS for sample in read_scores(directory, one, subset)}))


@lru_cache(maxsize=1)
def _captures(directory: Path) -> Mapping[str, Capture]:
    annotations = _json(directory / "gradgpad_annotations.json")["annotations"]
    captures = {annotation["id"]: _capture(annotation) for annotation in annotations}
    if len(captures) != len(annotations):
        raise ValueError("two annotations have one id")
    return captures


def _capture(annotation: Mapping[str, Any]) -> Capture:
    person = annotation["attributes"]["person"]
    conditions = annotation["attributes"]["conditions"]
    species = SPECIES[annotation["categorization"]["fine_grained_pai"]]
    try:
        return Capture(
            sample_id=annotation["id"],
            subject_id=_subject(annotation["dataset"], annotation["media"]),
            label="bona_fide" if species == "bona_fide" else "attack",
            pai_fine=species,
            sex=SEXES[person["gender"] if "gender" in person else person["sex"]],
            age=AGES[person.get("age", NOT_STATED)],
            skin_tone=SKIN_TONES[person["skin_tone"]],
            capture_device=DEVICES[conditions["capture_device"]],
            lighting=LIGHTING[conditions["lighting"]],
            dataset=annotation["dataset"],
        )
    except KeyError as error:
        raise ValueError(f"the annotation of {annotation['id']} has an unknown code {error}") from error


def _subject(dataset: str, media: str) -> str:
    """The data set and what its rule finds in the path of the recording; empty where no rule exists."""
    rule = SUBJECT_RULES[dataset]
    if rule is None:
        return ""
    found = re.search(rule, media)
    if found is None:
        raise ValueError(f"no subject can be read from {media!r} of {dataset}")
    return f"{dataset}/{''.join(found.groups())}"


def _json(path: Path) -> Any:
    with path.open(encoding="utf-8") as file:
        return json.load(file)
