"""The kinds of governance gap (S26), the most dangerous first; page, API, metric and tests derive from it.

A kind is a name in :mod:`audits.answers.gap_kind` and its words in :mod:`audits.answers.gap_words`; what
finds its gaps is called in :mod:`audits.answers.gaps`.
"""

from audits.answers.gap_kind import GapKind, KindWords
from audits.answers.gap_words import WORDS

__all__ = ["KINDS", "GapKind", "KindWords"]

KINDS: dict[GapKind, KindWords] = {words.kind: words for words in WORDS}
