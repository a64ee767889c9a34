"""How large, how many and how old: what both ways of reading a line ask."""

import re
from datetime import timedelta

MOST_LINES = 20_000
LARGEST_LINE = 64 * 1024
LARGEST_REPORT = 50 * 1024**2
MOST_NAMES = 50
LONGEST_ATTRIBUTE = 1000
AHEAD = timedelta(minutes=5)
"""How far the decision service's clock may be ahead of ours."""
OLDEST = timedelta(days=90)
"""Older decisions are refused: nobody could have been watching them."""

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")
