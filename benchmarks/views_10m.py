"""The views on a store of 10 million calls: making it takes six minutes and 3.2 GB."""

from benchmarks import views
from benchmarks.result import Result


def measure() -> list[Result]:
    """Like `benchmarks.views`."""
    return views.measure(calls=10_000_000)
