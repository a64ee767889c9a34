"""Model cards of the demo's releases."""

DATA = (
    "gradgpad 2.1.0, protocol grandtest: gradgpad_dev set the threshold, gradgpad_test judged it. 13 public "
    "face PAD data sets; skin tone, sex and age as annotators perceived them."
)
TESTED = (
    "android, ios, mobile_web, desktop_web: all by the same recorded captures; no capture was made with the "
    "SDKs named here."
)
TRIGGER = (
    "One confirmed spoof acceptance, more errors than in the control arm, or a protected segment that is "
    "accepted less often than there. A p95 latency above its budget holds."
)

CARDS = {
    "quality_linear": {
        "what_changed": "First release on record: image quality features with a linear SVM.",
        "why": "It served all four channels before releases were governed.",
        "data": DATA,
        "channels_tested": TESTED,
        "expected_benefits": "None: it describes what is live.",
        "known_risks": "Refuses about one genuine user in four and accepts many print attacks.",
        "rollback_trigger": TRIGGER,
    },
    "quality_rbf": {
        "what_changed": "RBF kernel in place of the linear one, and the threshold that belongs to it.",
        "why": "Fewer genuine users refused at the same kind of features.",
        "data": DATA,
        "channels_tested": TESTED,
        "expected_benefits": "Refusals of genuine users fall from 604 to 440 of 2,281.",
        "known_risks": "Medium-quality prints stay the weakest print species.",
        "rollback_trigger": TRIGGER,
    },
    "auxiliary": {
        "what_changed": "A CNN with auxiliary depth supervision replaces the quality features.",
        "why": "Fewer genuine users refused and fewer print attacks accepted overall.",
        "data": DATA,
        "channels_tested": TESTED,
        "expected_benefits": "Refusals of genuine users fall from 440 to 244 of 2,281.",
        "known_risks": "Rigid masks. The card does not speak of single skin tones.",
        "rollback_trigger": TRIGGER,
    },
    "auxiliary_type_i_and_ii": {
        "what_changed": "The network trained with type I and type II attacks.",
        "why": "The release before it failed on one skin tone.",
        "data": DATA,
        "channels_tested": TESTED,
        "expected_benefits": "Fewer print and replay attacks accepted.",
        "known_risks": "Few captures of the darkest skin tones; rigid masks.",
        "rollback_trigger": TRIGGER,
    },
}
