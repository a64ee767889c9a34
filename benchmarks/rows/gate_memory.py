"""How much memory a whole gate evaluation takes."""

from benchmarks.measuring import Samples, Spread, peak
from benchmarks.row import Figure, Judgement, Row, Setting
from benchmarks.rows.gate_evaluation import GROUP, PRODUCT, contenders

MOST = 800.0


def judge(setting: Setting, samples: Samples) -> Judgement:
    """The highest of all rounds decides: memory that was needed once is needed."""
    held = Spread.of([peak(one) for one in samples[PRODUCT]])
    sentence = f"The process never held more than {held.highest:.0f} MiB, its libraries included."
    return Judgement(held.highest <= MOST, sentence, (Figure("evaluation, peak memory", held, "MiB"),))


ROW = Row(
    key="gate-memory",
    title="Memory of a gate evaluation",
    goal=f"at most {MOST:g} MiB at its peak",
    group=GROUP,
    prepare=contenders,
    judge=judge,
    of_full_scale=True,
)
