"""How many examples a property is tried on: few in every run, ``make slow`` asks for many (EXAMPLES=300)."""

import os

EXAMPLES = int(os.environ.get("EXAMPLES", "20"))
