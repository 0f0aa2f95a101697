"""Measure the CPU time of alert rules: 200 of them over a million calls (part of `python -m benchmarks alerting`).

The evaluator looks once a second under a clock that is moved, each rule is due every 15 s: the thread's CPU time in a
minute of that clock is the share of a core. Between looks, calls are written, some of which fail.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.store_generate import generate, rows
from obsv.alerts import parse
from obsv.alerts.evaluator import Evaluator
from obsv.store import Writer
from obsv.store.seam import open_store
from obsv.store.watching import Book

RULES, CALLS, SECONDS = 200, 1_000_000, 60
_NS = 1_000_000_000
_SINCE = "ts > strftime('%Y-%m-%d %H:%M:%f', 'now', '-30 seconds')"
# As people write them: a fifth in SQL, most of the others about one function each.
_KINDS = (
    f"query = \"SELECT COUNT(*) FROM process_trace WHERE status = 'ERR' AND {_SINCE}\"\nthreshold = {{number}}",
    f'query = "SELECT process, COUNT(*) FROM process_trace WHERE {_SINCE} GROUP BY 1"\nthreshold = {{number}}000',
    'kind = "error"\nprocess = "*{number}*"',
    'kind = "error_rate"\nprocess = "*{number}"\nover = "40 %"\nwindow = "{minutes}m"',
    'kind = "duration"\nprocess = "market.*"\nover = "{number} s"\nwindow = "{minutes}m"',
    'kind = "feed_lag"\nfeed = "prices"\nlag = "{number}s"',
    'kind = "staleness"\nvariable = "symbol"\nrepeats = {number}0',
    'kind = "error"\non = "new_group"\nprocess = "*{number}*"',
    'kind = "backpressure"\ndepth = {number}000',
    'kind = "error_rate"\nby = "group"\nover = "50 %"\nwindow = "{minutes}m"',
)


def share_of_a_core() -> float:
    """Return the share of a core that evaluation takes, in percent."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "o.db"
        generate(path, CALLS)
        now_ns = time.time_ns()
        book, writer = Book(path), Writer(path)
        book.hold("benchmark", now_ns, 10_000 * _NS)
        evaluator = Evaluator(open_store(path), book, "benchmark", parse("\n".join(_rules())))
        evaluator.load(now_ns)
        evaluator.look(now_ns)  # all are due at once, then each when its interval is over
        used_ns = 0
        for second in range(1, SECONDS + 1):
            for batch in rows(200, hours=1 / 3_600, seed=second, now_ns=now_ns + second * _NS):
                writer.write(batch)
            begun_ns = time.thread_time_ns()
            evaluator.look(now_ns + second * _NS)
            used_ns += time.thread_time_ns() - begun_ns
        book.close()
        writer.close()
        return 100 * used_ns / (SECONDS * _NS)


def _rules() -> Iterator[str]:
    yield "[alerts]\ncheck_interval_seconds = 15\n"
    for number in range(RULES):
        text = _KINDS[number % len(_KINDS)].format(number=number // len(_KINDS) + 1, minutes=number % 7 + 1)
        yield f'[[alerts.rule]]\nname = "rule {number}"\n{text}\n'
