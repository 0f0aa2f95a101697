"""The metrics of 1,000 random journals against NumPy and pandas: `python -m benchmarks metrics`."""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

import oracles
from journals import WINDOW, random_journal, write_journals

from benchmarks.result import Result
from obsv.measures import measure as measured
from obsv.measures import shipped
from obsv.store.ground import Scope
from obsv.store.seam import open_store

_JOURNALS = 1_000
# Each is a mode; a store holds this many, since a metric of one mode reads the rows of all.
_AT_ONCE = 50


def measure_all() -> tuple[int, int, float]:
    """Return the number of values, those that differ by more than 1e-9, and seconds a journal."""
    known, values, wrong, spent = shipped(), 0, 0, 0.0
    warnings.simplefilter("ignore")
    for first in range(0, _JOURNALS, _AT_ONCE):
        journals = {f"m{seed}": random_journal(f"m{seed}", 10_000 + seed) for seed in range(first, first + _AT_ONCE)}
        with tempfile.TemporaryDirectory() as directory:
            write_journals(Path(directory) / "store.db", list(journals.values()))
            store = open_store(Path(directory) / "store.db")
            began = time.perf_counter()
            found = measured(store, known, oracles.ORACLES, WINDOW, [Scope(mode=mode) for mode in journals])
            spent += time.perf_counter() - began
            store.close()
        for each in found:
            wanted = oracles.expected(each.definition.name, journals[str(each.scope.mode)])
            values += 1
            wrong += not oracles.is_close(each.value, wanted)
    return values, wrong, spent / _JOURNALS


def measure() -> list[Result]:
    """Return the table."""
    values, wrong, seconds = measure_all()
    return [
        Result("values compared, 53 formulas on 1,000 random journals", values),
        Result("of these, different by more than 1e-9", wrong, 0),
        Result("all formulas of a journal, among 50 in its store", seconds * 1e3, unit=" ms"),
    ]
