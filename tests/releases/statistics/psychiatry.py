"""Published clustered pairs: per patient, ratings that changed to worse, to better, and all."""

from releases.statistics.paired import PairedCounts

WORSE = (0, 1, 1, 1, 0, 3, 3, 3, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0)
BETTER = (4, 2, 3, 2, 1, 3, 0, 2, 2, 4, 2, 4, 3, 2, 1, 3, 1, 2, 0, 0, 0, 2, 1, 2, 2, 0, 0, 1, 1)
RATINGS = (7, 6, 7, 6, 4, 6, 5, 8, 4, 7, 3, 6, 7, 6, 5, 4, 6, 5, 4, 3, 5, 4, 4, 2, 3, 2, 2, 3, 1)

PSYCHIATRY = PairedCounts(
    subject_rows=RATINGS,
    subject_both=(0,) * len(RATINGS),
    subject_candidate_only=WORSE,
    subject_baseline_only=BETTER,
)
