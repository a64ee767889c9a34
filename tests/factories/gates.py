"""Score tables, policies and evaluations, reached through the real services."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from governance.actors import Actor, Principal, task_actor
from governance.registry.models import ComponentVersion, Segment
from governance.registry.services import define_segment
from releases.bundles.content import ReleaseContent, SlotInput, content_of
from releases.bundles.manifest import stack_digest
from releases.bundles.models import Revision
from releases.bundles.services import draft_release, edit_release, freeze_release
from releases.gates.models import GateEvaluation, GatePolicy
from releases.gates.policies.services import CriterionInput, draft_policy, lock_policy
from releases.gates.runs.evaluation import request_evaluation, run_evaluation
from releases.rollouts.adoption import adopt_release, propose_adoption
from releases.scores.models import ScoreTable
from releases.scores.services import import_scores
from tests.factories.bundles import CARD, ROLLOUT_PLAN, component, rollback_plan, sdks
from tests.factories.cast import Cast, actor
from tests.factories.snapshot import remembered

HEADER = ("sample_id", "subject_id", "label", "species", "skin_tone", "score")
SPECIES = ("print", "mask")
TONES = ("1", "6")
PER_STRATUM = 40
THRESHOLD = 0.5
MARGIN = 0.1
LIMIT = 0.45
META: dict[str, Any] = {
    "mapping": {
        "sample": "sample_id",
        "subject": "subject_id",
        "label": {"column": "label", "bona_fide": ["bona_fide"]},
        "species": "species",
        "score": "score",
        "attributes": ["skin_tone"],
    },
    "polarity": "higher_is_attack",
}


def engine(principal: Principal | None = None) -> Actor:
    """The worker, as the task wrapper makes it."""
    return task_actor("test-task", principal)


def table_rows(
    errors: Mapping[str, int] | None = None, silent: Mapping[str, int] | None = None
) -> list[tuple[str, ...]]:
    """40 captures of 40 subjects for each species and skin tone; of a stratum the first ``errors`` are wrong
    and the last ``silent`` unanswered.
    """
    wrong, unanswered = errors or {}, silent or {}
    rows: list[tuple[str, ...]] = []
    for stratum in (*SPECIES, *TONES):
        attack = stratum in SPECIES
        for index in range(PER_STRATUM):
            is_wrong = index < wrong.get(stratum, 0)
            score = "" if index >= PER_STRATUM - unanswered.get(stratum, 0) else _score(attack, is_wrong)
            rows.append(
                (
                    f"{stratum}-{index:03}",
                    f"person-{stratum}-{index:03}",
                    "attack" if attack else "bona_fide",
                    stratum if attack else "",
                    "" if attack else stratum,
                    score,
                )
            )
    return rows


def _score(attack: bool, is_wrong: bool) -> str:
    return "0.9" if attack != is_wrong else "0.1"


def csv_of(rows: Iterable[Sequence[str]], header: Sequence[str] = HEADER) -> bytes:
    """The rows as a file to upload."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(header)
    writer.writerows(rows)
    return target.getvalue().encode()


@remembered
def imported(
    cast: Cast, revision: Revision, content: bytes, dataset: ComponentVersion, **meta: Any
) -> ScoreTable:
    """Scores of the revision's stack on the dataset."""
    given = {**META, "dataset": str(dataset.id), "stack_digest": revision.stack_digest, **meta}
    description = {key: value for key, value in given.items() if value is not None}
    return import_scores(actor(cast.author), system=cast.system, file=io.BytesIO(content), meta=description)


@remembered
def segment(cast: Cast, attribute: str, value: str) -> Segment:
    """A protected segment ``<attribute>_<value>``."""
    return define_segment(
        actor(cast.qa_lead),
        system=cast.system,
        key=f"{attribute}_{value}",
        title=f"{attribute.replace('_', ' ')} {value}",
        predicate={"attribute": attribute, "operator": "eq", "value": value},
        protected=True,
        reason="People whom earlier systems failed.",
    )


@dataclass(frozen=True)
class Limits:
    """The numbers of a policy made by :func:`criteria`; limits and margins are shares."""

    species: tuple[str, ...]
    segments: tuple[str, ...]
    absolute: tuple[str, ...]
    apcer: float = LIMIT
    species_margin: float = MARGIN
    segment_margin: float = MARGIN
    silence_margin: float = MARGIN


SMALL = Limits(SPECIES, tuple(f"skin_tone_{tone}" for tone in TONES), SPECIES)


def measured(**spec: Any) -> dict[str, Any]:
    """A specification with the plan that the tests use."""
    return {"planned_deff": 1, "planned_deff_reason": "Rows without a subject are of singletons.", **spec}


def criteria(limits: Limits, reference: Revision) -> list[CriterionInput]:
    """A sound policy: absolute APCER, and noninferiority and non-response against live and reference."""
    species, segments = {"species": list(limits.species)}, {"segments": list(limits.segments)}
    found = [
        CriterionInput(
            "apcer",
            "absolute",
            "Attacks accepted",
            measured(metric="apcer", strata={"species": list(limits.absolute)}, limit=limits.apcer),
        ),
        CriterionInput("complete", "completeness", "Nothing is missing", {}),
    ]
    live, pinned = {"kind": "live"}, {"kind": "pinned", "release": str(reference.release_id)}
    for metric, strata, margin in (
        ("bpcer", segments, limits.segment_margin),
        ("apcer", species, limits.species_margin),
        ("bpnrr", segments, limits.silence_margin),
        ("apnrr", species, limits.silence_margin),
    ):
        shared = measured(metric=metric, strata=strata, margin=margin, margin_reason="A test's margin")
        for name, baseline in (("live", live), ("reference", pinned)):
            title, spec = f"{metric} against {name}", {**shared, "baseline": baseline}
            found.append(CriterionInput(f"{metric}_{name}", "noninferiority", title, spec))
    return found


@remembered
def drafted_policy(cast: Cast, written: Sequence[CriterionInput], name: str = "pad_gate") -> GatePolicy:
    """A draft."""
    return draft_policy(actor(cast.qa_lead), system=cast.system, name=name, criteria=written)


@remembered
def locked_policy(cast: Cast, written: Sequence[CriterionInput], name: str = "pad_gate") -> GatePolicy:
    """A policy in force."""
    return lock_policy(actor(cast.qa_lead), policy=drafted_policy(cast, written, name))


@remembered
def stack_content(
    cast: Cast, name: str, *datasets: ComponentVersion, channels: Sequence[str], threshold: float = THRESHOLD
) -> ReleaseContent:
    """A complete release of a model ``name`` that rejects above ``threshold``, without a retry band."""
    touched = tuple(cast.channel(channel) for channel in channels)
    policy = component(cast, "threshold_policy", f"{name}_policy", bands=[{"accept": threshold}])
    slots = (
        SlotInput("model", component(cast, "model", name)),
        SlotInput("fusion", component(cast, "fusion", f"{name}_fusion")),
        SlotInput("threshold_policy", policy),
        *(SlotInput("dataset", one, role=one.attributes["role"]) for one in datasets),
        *_sdks(cast, name, touched),
    )
    reports = (_report(cast, name, one, slots) for one in datasets if one.attributes["role"] == "test")
    return ReleaseContent(touched, (*slots, *reports), CARD, ROLLOUT_PLAN, rollback_plan(cast))


def _report(
    cast: Cast, name: str, dataset: ComponentVersion, slots: Iterable[SlotInput], version: str = "1"
) -> SlotInput:
    report = component(
        cast,
        "evaluation_report",
        f"{name}_on_{dataset.name}",
        version,
        dataset=dataset.name,
        stack_digest=stack_digest(slots),
    )
    return SlotInput("evaluation_report", report)


def _sdks(cast: Cast, name: str, channels: Iterable[Any]) -> tuple[SlotInput, ...]:
    by_name = {one.name: one for one in ComponentVersion.objects.filter(system=cast.system, kind="sdk")}
    missing = [channel for channel in channels if f"{channel.name}_sdk" not in by_name]
    made = {slot.channel: slot for slot in sdks(cast, missing)}
    return tuple(
        made.get(channel) or SlotInput("sdk", by_name[f"{channel.name}_sdk"], channel) for channel in channels
    )


@remembered
def drafted(cast: Cast, name: str, content: ReleaseContent, copied_from: Revision | None = None) -> Revision:
    """A draft of a release ``name``."""
    return draft_release(
        actor(cast.author), system=cast.system, name=name, content=content, copied_from=copied_from
    )


@remembered
def frozen_release(
    cast: Cast, name: str, content: ReleaseContent, copied_from: Revision | None = None
) -> Revision:
    """A frozen release ``name``."""
    return freeze_release(actor(cast.author), revision=drafted(cast, name, content, copied_from))


@remembered
def adopted(cast: Cast, revision: Revision) -> Revision:
    """The draft, adopted on all its channels by two persons."""
    channels = list(revision.channels.all())
    reason = "It has served since before the ledger."
    proposal = propose_adoption(
        actor(cast.release_manager), revision=revision, channels=channels, reason=reason
    )
    return adopt_release(
        actor(cast.approver), revision=revision, channels=channels, reason=reason, proposal=proposal.id
    )


@dataclass(frozen=True)
class Gate:
    """A system with a live release, a locked policy and the scores of the live release."""

    cast: Cast
    dataset: ComponentVersion
    live: Revision
    policy: GatePolicy
    channels: tuple[str, ...]

    def candidate(self, name: str, copied_from: Revision | None = None, **changes: Any) -> Revision:
        """A frozen release with its own model; without scores."""
        content = stack_content(self.cast, name, self.dataset, channels=self.channels)
        return frozen_release(self.cast, name, replace(content, **changes), copied_from)

    @remembered
    def frozen(self, draft: Revision) -> Revision:
        """The draft, frozen."""
        return freeze_release(actor(self.cast.author), revision=draft)

    @remembered
    def revised(self, revision: Revision, **changes: Any) -> Revision:
        """The next revision with parts of its content changed, frozen."""
        content = replace(content_of(revision), **changes)
        return self.frozen(edit_release(actor(self.cast.author), revision=revision, content=content))

    def scored(
        self,
        revision: Revision,
        errors: Mapping[str, int] | None = None,
        silent: Mapping[str, int] | None = None,
        report: ComponentVersion | None = None,
    ) -> ScoreTable:
        """Scores of the revision on the test dataset; named by its stack, or by its report."""
        by = {"stack_digest": None, "evaluation_report": str(report.id)} if report else {}
        return imported(self.cast, revision, csv_of(table_rows(errors, silent)), self.dataset, **by)

    @remembered
    def evaluated(self, revision: Revision) -> GateEvaluation:
        """A completed evaluation, run in this process."""
        evaluation = request_evaluation(actor(self.cast.qa_lead), revision=revision)
        return run_evaluation(engine(), evaluation=evaluation)


def dataset_to_test_on(cast: Cast, name: str = "faces", **attributes: Any) -> ComponentVersion:
    """A dataset to test on."""
    return component(cast, "dataset", name, role="test", **attributes)


@remembered
def gate(
    cast: Cast,
    *,
    channels: Sequence[str] = ("android", "mobile_web"),
    errors: Mapping[str, int] | None = None,
    limits: Limits = SMALL,
) -> Gate:
    """A live adopted release with ``errors`` in its scores, and a policy locked before any table."""
    for tone in TONES:
        segment(cast, "skin_tone", tone)
    dataset = dataset_to_test_on(cast)
    content = stack_content(cast, "first", dataset, channels=channels)
    live = adopted(cast, drafted(cast, "first", content))
    policy = locked_policy(cast, criteria(limits, live))
    made = Gate(cast, dataset, live, policy, tuple(channels))
    made.scored(live, errors or {"print": 4, "mask": 4, "1": 4, "6": 4})
    return made
