"""The wiring: settings, addresses, Celery, and the one command that runs everything. Imported by nobody."""

import gc

# Every program of the product begins here and then imports some 2,000 modules, all of which stay. To look for
# garbage after every 700 new objects, as Python does, takes a seventh of each start.
gc.set_threshold(50_000, 20, 20)
