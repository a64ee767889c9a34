"""The same figures to the last bit, whatever the number of threads."""

from benchmarks.measuring import Contender, Samples, Spread, wall
from benchmarks.row import Figure, Judgement, Row, Setting
from benchmarks.rows.gate_evaluation import QUICK, evaluation
from benchmarks.score_tables import Size

SMALL = Size(captures=200_000, subjects=2_000)
ONE, TWO = "one thread", "two threads"


def contenders(setting: Setting) -> list[Contender]:
    """A smaller evaluation: equality does not depend on the size."""
    size = SMALL if setting.quick else QUICK
    return [evaluation(setting, size, ONE, threads=1), evaluation(setting, size, TWO, threads=2)]


def judge(setting: Setting, samples: Samples) -> Judgement:
    """All digests of all rounds are one."""
    digests = {one.answer["digest"] for runs in samples.values() for one in runs}
    runs = sum(map(len, samples.values()))
    same = len(digests) == 1
    found = "one result" if same else f"{len(digests)} different results"
    sentence = (
        f"{runs} evaluations, each with bounds and 1,000 replicates, at one and two threads gave {found}."
    )
    figures = tuple(
        Figure(f"{name}, clock", Spread.of([wall(one) for one in runs]), "s")
        for name, runs in samples.items()
    )
    return Judgement(same, sentence, figures)


ROW = Row(
    key="bit-identity",
    title="Equal results at any number of threads",
    goal="bounds and replicates bit-identical at one and two threads",
    group="identity",
    prepare=contenders,
    judge=judge,
    rounds=1,
)
