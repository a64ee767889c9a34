"""The product's settings with one more address: a view that does nothing, behind the same middleware."""

from governance.project.settings import *  # noqa: F403 - settings are added to, not chosen from

ROOT_URLCONF = "benchmarks.asked_urls"
# The rate per account would end the measurement; counting the calls is measured all the same.
RATES = {"flags": "1000000/second"}
