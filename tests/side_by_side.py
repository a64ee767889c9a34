"""Which process runs which file next.

A state that many tests pass through is reached once in each process (``tests/factories/snapshot.py``), and
the tests that need it lie side by side. So a process goes through one directory file by file. Small
directories come first: at the end, whoever has nothing to do takes files from the one with the most left.
"""

from collections import Counter
from collections.abc import Iterable

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController


class ByDirectory(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Files as units of work, next to the file that the process had before."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        mine, others = self._directories(node)
        self.workqueue.move_to_end(next_file(self.workqueue, mine, others), last=False)
        super()._assign_work_unit(node)

    def _directories(self, node: WorkerController) -> tuple[str, set[str]]:
        """Where the process had its last file ('' before it had any), and where the others had theirs."""
        last = {one: next(reversed(work), "") for one, work in self.assigned_work.items()}
        mine = last.pop(node, "")
        return directory_of(mine), {directory_of(file) for file in last.values()}


def next_file(waiting: Iterable[str], mine: str, others: set[str]) -> str:
    """The file to take: of the own directory; else of the smallest that no other works in; else of the one
    with the most left. Of each the first."""
    first: dict[str, str] = {}
    left: Counter[str] = Counter()
    for file in waiting:
        first.setdefault(directory_of(file), file)
        left[directory_of(file)] += 1
    if mine in first:
        return first[mine]
    fresh = [one for one in first if one not in others]
    return first[min(fresh, key=left.__getitem__) if fresh else max(first, key=left.__getitem__)]


def directory_of(file: str) -> str:
    """The directory of a file, '' for none."""
    return file.rpartition("/")[0]
