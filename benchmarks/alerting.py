"""Measure alerts and answers for assistants: `python -m benchmarks alerting`, about four minutes.

From the exception in a program, stored by its keeper, to the webhook: in an idle program, and beside 20,000 recorded
calls per second. The CPU time of 200 rules. And answers of `get_trace` about 100 traces of 1 to 50,000 spans, of which
none may exceed its budget.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.result import Result
from benchmarks.rules import CALLS, RULES, share_of_a_core

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

from calls import EPOCH_NS, call
from keepers import end_keeper
from receivers import receiving

from obsv.agents import Asked
from obsv.agents.answer import CHARS_A_TOKEN
from obsv.agents.trace import get_trace
from obsv.keeper.files import KeeperFiles
from obsv.store import Writer
from obsv.store.seam import open_store

_RAISES = 6
_TRACES, _MOST_SPANS = 100, 50_000
_BUDGET = 4_000
_PROGRAM = """
import sys, threading, time
import obsv
obsv.configure(db=sys.argv[1], writer="process")
rate = int(sys.argv[2])

@obsv.monitor
def price(number):
    return number

@obsv.monitor
def fail(number):
    raise ValueError(number)

def load():
    began, done = time.monotonic(), 0
    while True:
        for number in range(100):
            price(number)
        done += 100
        time.sleep(max(0, began + done / rate - time.monotonic()))

if rate:
    threading.Thread(target=load, daemon=True).start()
for number in iter(sys.stdin.readline, ""):
    print(time.time_ns(), flush=True)
    try:
        fail(number)
    except ValueError:
        pass
"""


def measure() -> list[Result]:
    """Measure all of it."""
    results = []
    for rate, name in ((0, "idle"), (20_000, "beside 20,000 calls/s")):
        taken_s = _reach(rate)
        results.append(Result(f"raise → webhook, {name}, median", statistics.median(taken_s), 10, 2, " s"))
        results.append(Result(f"raise → webhook, {name}, longest", max(taken_s), 10, 2, " s"))
    results.append(Result(f"CPU time of {RULES} rules over {CALLS:,} calls, of a core", share_of_a_core(), 10, 2, " %"))
    return [*results, Result(f"answers about {_TRACES} traces beyond their budget", _beyond(), 0, 0)]


def _reach(rate: int) -> list[float]:
    """Return the time of each exception to its webhook, in seconds."""
    with tempfile.TemporaryDirectory() as directory, receiving() as receiver:
        rules = Path(directory) / "alerts.toml"
        hook = f'[[alerts.notify]]\nname = "hook"\ntype = "webhook"\nurl = "{receiver.url}"\nsend_resolved = false\n'
        rules.write_text(f'{hook}[[alerts.rule]]\nname = "it"\nkind = "error"\nwindow = "1s"\nnotify = ["hook"]\n')
        command = [sys.executable, "-c", _PROGRAM, str(Path(directory) / "o.db"), str(rate)]
        program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert program.stdin is not None
        assert program.stdout is not None
        taken_s = []
        for number in range(_RAISES + 1):
            program.stdin.write(f"{number}\n")
            program.stdin.flush()
            raised_ns = int(program.stdout.readline())
            receiver.wait(number + 1)
            taken_s.append((time.time_ns() - raised_ns) / 1e9)
            time.sleep(3)  # until that alert is over: the next one is another
        program.stdin.close()
        program.wait()
        end_keeper(KeeperFiles.of(Path(directory) / "o.db"))
        return taken_s[1:]  # before the first one, the keeper had to start


def _beyond() -> int:
    """Return the number of answers that are longer than asked for."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "o.db"
        writer, beyond = Writer(path), 0
        for number in range(_TRACES):
            spans = max(1, round(_MOST_SPANS ** (number / (_TRACES - 1))))
            trace = f"{number + 1:032x}"
            for begin in range(0, spans, 5_000):
                ids = range(begin + 1, min(spans, begin + 5_000) + 1)
                writer.write([call(each, each // 2, trace=trace, inputs={"value": "x" * 50}) for each in ids])
            text = get_trace(Asked(open_store(path), EPOCH_NS + 10**10), trace, max_tokens=_BUDGET)
            beyond += len(text) > _BUDGET * CHARS_A_TOKEN
        writer.close()
        return beyond
