"""What people read beside the fields of a criterion. A field that is not named here is called by its name."""

import json
from typing import Any, NamedTuple


class FieldWords(NamedTuple):
    """A label, and a sentence that says what to write."""

    label: str
    help: str = ""


WORDS: dict[str, FieldWords] = {
    "metric": FieldWords("What is measured"),
    "population": FieldWords("Whose captures"),
    "limit": FieldWords("Limit", "A share: 5 % is 0.05. The upper bound counts."),
    "limit_reason": FieldWords("Why this limit"),
    "margin": FieldWords("Margin", "A difference of shares: 5 points are 0.05."),
    "margin_reason": FieldWords("Why this margin", "Read by everybody who approves."),
    "max_ratio": FieldWords("At most so many times the whole", "25 % worse is 1.25."),
    "ratio_reason": FieldWords("Why this ratio"),
    "max_errors": FieldWords("Errors allowed"),
    "presentations": FieldWords("In so many presentations"),
    "rule_reason": FieldWords("Whose rule"),
    "budget_ms": FieldWords("Budget in milliseconds"),
    "budget_reason": FieldWords("Why this budget"),
    "probability": FieldWords("Share of answers within it", "0.95 is the 95th percentile."),
    "values": FieldWords("Which answers of a person count"),
    "bins": FieldWords("Bins"),
    "pairing": FieldWords("How the captures of the two belong together"),
    "pairing_reason": FieldWords(
        "Why they cannot be the same captures", "Needed for independent captures, and only there."
    ),
    "attestation": FieldWords("What a reviewer signs"),
    "max_age_days": FieldWords("At most so many days old", "Left empty: any age."),
    "card": FieldWords("Fields of the model card", "One per line; each must be filled."),
    "readiness": FieldWords("What must be ready"),
    "max_drill_age_days": FieldWords(
        "Last drill at most so many days ago", "Left empty: any time, or never. Belongs to the way back."
    ),
    "species": FieldWords("Attack species", "One per line, as the score tables name them."),
    "segments": FieldWords("Segments", "Keys, one per line."),
    "dataset": FieldWords("Dataset", "Left as usual: every test dataset of the release."),
    "where": FieldWords(
        "Only captures where (JSON)",
        'Like {"attribute": "lighting", "operator": "eq", "value": "low"}. A line that is narrowed '
        "counts for nothing but itself.",
    ),
    "max_evidence_age_days": FieldWords("Evidence at most so many days old", "Left empty: any age."),
    "alpha_pass": FieldWords("Risk of a wrong pass (alpha)", "One-sided."),
    "alpha_fail": FieldWords("Risk of a wrong fail (alpha)", "One-sided."),
    "min_subjects": FieldWords("Least subjects"),
    "min_presentations": FieldWords("Least presentations"),
    "planned_icc": FieldWords(
        "Likeness of one person's captures (ICC)", "Below 0.2 it needs a reason and at least 30 subjects."
    ),
    "planned_icc_reason": FieldWords("Where that ICC comes from"),
    "planned_icc_subjects": FieldWords("Subjects it was estimated from"),
    "planned_deff": FieldWords(
        "Weight of a capture without a subject (design effect)",
        "Left empty, such captures make a line inconclusive. 1 counts each as a person of its own.",
    ),
    "planned_deff_reason": FieldWords("Why that design effect"),
    "stratum_rule": FieldWords("Rule over the strata"),
}

MORE_WORDS: dict[str, FieldWords] = {
    "kind": FieldWords("Compared with"),
    "release": FieldWords("Reference release"),
    "when_no_baseline": FieldWords("Where nothing is live"),
    "cluster_by": FieldWords("Clustered by"),
    "pooled": FieldWords("All together"),
    "channels": FieldWords("Channels"),
}
"""Fields that stand in stored specifications and not, or otherwise, on the form."""

CHOICE_WORDS: dict[str, dict[str, str]] = {
    "metric": {
        "apcer": "attacks accepted (APCER)",
        "bpcer": "genuine users refused (BPCER)",
        "apnrr": "attacks without an answer (APNRR)",
        "bpnrr": "genuine users without an answer (BPNRR)",
        "apcer_with_retry": "attacks accepted or allowed a retry",
        "bpcer_with_non_response": "genuine users refused or without an answer",
    },
    "population": {"bona_fide": "genuine users", "attack": "attacks"},
    "values": {"every_capture": "every capture", "one_per_subject": "one of each person"},
    "pairing": {
        "paired_by_presentation": "the same captures, one by one",
        "independent": "different captures, which takes a reason",
    },
    "attestation": {
        "calibration_review": "a calibration review",
        "error_analysis": "an error analysis of the top failures",
    },
    "readiness": {
        "rollback_path": "the way back",
        "owners_and_approvers": "owners and enough approvers",
    },
    "stratum_rule": {
        "every": "every one of them must hold",
        "worst": "the worst of them, as one line",
        "pooled": "all together",
    },
    "when_no_baseline": {
        "inconclusive": "the line is inconclusive",
        "absolute_only": "the fixed limits alone decide",
    },
    "kind": {"live": "what is live", "pinned": "a reference release"},
    "cluster_by": {
        "subject": "subject",
        "coarser_of_instrument_and_subject": "the coarser of instrument and subject",
    },
    "severity": {"blocking": "blocking", "advisory": "advisory: shown, decides nothing"},
    "mode": {"enforce": "enforced", "observe": "observed: outside the verdict"},
}


def label_of(path: str) -> str:
    """What a field is called, by the last step of its path."""
    if path == "kind":
        return "Kind of criterion"
    name = path.rpartition(".")[2]
    known = WORDS.get(name) or MORE_WORDS.get(name)
    return known.label if known else name.replace("_", " ").capitalize()


def text_of(path: str, value: Any) -> str:
    """A value as people read it: choices in their words, lists with commas, the rest as JSON."""
    choices = CHOICE_WORDS.get(path.rpartition(".")[2], {})
    if value is None or value == []:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(str(choices.get(one, one)) for one in value)
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return choices.get(str(value), str(value))
