"""kill -9 at every step of the keeper and of the program: nothing is lost, nothing is stored twice."""

import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from keepers import PATIENCE_S
from recorded import Program

from obsv.keeper.files import KeeperFiles

# Does what a keeper does, and kills itself the n-th time it comes to a step.
KEEPER = """
import os, signal, sys
from obsv.keeper import Options
from obsv.keeper.files import KeeperFiles
import obsv.keeper.work as work
import obsv.keeper.rings as rings
from obsv.keeper.recording import Recording
from obsv.keeper.storing import Storing
from obsv.record.lane_reader import LaneReader
from obsv.store import Writer
from obsv.store.writing.opened import Opened

db, step, left = sys.argv[1], sys.argv[2], [int(sys.argv[3])]

def dying(function):
    def wrapped(*arguments, **named):
        left[0] -= 1
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)
    return wrapped

if step == "after reading":
    Storing._store = dying(Storing._store)
elif step == "after the rows":
    Opened._write_rest = dying(Opened._write_rest)
elif step == "after the commit":
    Recording.committed = dying(Recording.committed)
elif step == "while giving back":
    LaneReader.give_back = dying(LaneReader.give_back)
elif step == "while adopting":
    Recording.interrupted = dying(Recording.interrupted)
elif step == "before removing":
    rings.remove = dying(rings.remove)
elif step == "before forgetting":
    Writer.forget_ring = dying(Writer.forget_ring)
elif step == "while removing":
    os.unlink = dying(os.unlink)
work._BATCH_ROWS = 500
keeper = work.DatabaseWork(KeeperFiles.of(db), Options())
while keeper.step() or (step == "for ever" and not keeper.wait(0.01)):
    pass
keeper.close()
print("done")
"""
# And at which time it comes there at most; what is done once a ring is done once.
STEPS = {
    "after reading": 3,
    "after the rows": 3,
    "after the commit": 3,
    "while giving back": 3,
    "while adopting": 1,
    "before removing": 1,
    "while removing": 3,
    "before forgetting": 1,
}


def keeper(files: KeeperFiles, step: str, count: int) -> bool:
    """Run one; whether it came to its end."""
    done = subprocess.run(
        [sys.executable, "-c", KEEPER, files.db, step, str(count)], capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.stdout == "done\n" or done.returncode == -signal.SIGKILL, done.stderr
    return done.returncode == 0


def record(program: Program, calls: int, rng: random.Random) -> tuple[int, int]:
    """Record nested calls, some of which fail and some of which never end; how many ended, how many run on."""
    outer, inner = program.function("shop.outer", ("text",)), program.function("shop.inner")
    running = 0
    for number in range(calls):
        if number % 400 == 7:
            program.begin(outer, ("runs on",))
            running += 1
        if number % 50 == 3:
            program.fail(inner, ValueError(str(number)))
        else:
            program.call(outer, ("x" * rng.randrange(400),), number)
    return calls, running


def counted(files: KeeperFiles) -> dict[str, int]:
    """Return the count in the store, from rows and rollups, which must agree."""
    connection = sqlite3.connect(files.db)
    rows, ids, errors, died = connection.execute(
        "select count(*), count(distinct hex(trace_id) || hex(span_id)), sum(status = 2), "
        "coalesce(sum(exception like 'obsv.ProcessEnded%'), 0) from span"
    ).fetchone()
    ever = connection.execute("select sum(count), sum(errors) from process_minute where minute = 0").fetchone()
    assert (rows, errors) == ever
    assert rows == ids
    connection.close()
    return {"rows": rows, "errors": errors, "died": died}


def stored(files: KeeperFiles) -> int:
    """Return the number of rows, while a keeper may be at it."""
    try:
        with closing(sqlite3.connect(f"file:{files.db}?mode=ro", uri=True)) as connection:
            return int(connection.execute("select count(*) from span").fetchone()[0])
    except sqlite3.OperationalError:  # it has not made the table so far
        return 0


@pytest.mark.parametrize("step", STEPS)
def test_killed_keeper_loses_nothing_and_doubles_nothing(files: KeeperFiles, step: str) -> None:
    """However often it dies at a step; the next one goes on."""
    rng = random.Random(step)
    program = Program(files.rings)
    ended, running = record(program, 3_000, rng)
    deaths = 0
    for attempt in range(3):
        deaths += not keeper(files, step, rng.randint(1, STEPS[step]))
        if attempt == 0:
            more, more_running = record(program, 1_000, rng)
            ended, running = ended + more, running + more_running
            program.close()
    assert deaths
    assert keeper(files, "never", 1)
    assert counted(files) == {"rows": ended + running, "errors": ended // 50 + running, "died": running}
    assert not [path.name for path in Path(files.rings).iterdir() if not path.name.startswith("keeper.")]


PROGRAM = """
import os, signal, sys, threading
sys.path.insert(0, sys.argv[2])
from recorded import Program

program = Program(sys.argv[1])
outer, inner = program.function("shop.outer"), program.function("shop.inner")
program.begin(outer, ("main",))
print("begun", flush=True)
number = 0
while True:
    number += 1
    if number % 50 == 0:
        program.fail(inner, ValueError(str(number)))
    else:
        program.call(outer, (number,), number)
    if number % 10 == 0:
        os.write(1, b"%d\\n" % number)
"""


@pytest.mark.parametrize("both", [False, True], ids=["the program", "program and keeper at once"])
def test_killed_program_loses_nothing(files: KeeperFiles, both: bool) -> None:
    """All acknowledged calls are stored, and the running ones failed with the process's death."""
    support = str(Path(__file__).parent.parent / "support")
    for _ in range(2 if both else 3):
        before = counted(files) if Path(files.db).exists() else {"rows": 0, "errors": 0, "died": 0}
        storing = subprocess.Popen([sys.executable, "-c", KEEPER, files.db, "for ever", "1"]) if both else None
        program = subprocess.Popen([sys.executable, "-c", PROGRAM, files.rings, support], stdout=subprocess.PIPE)
        assert program.stdout is not None
        assert program.stdout.readline() == b"begun\n"
        lines = [program.stdout.readline() for _ in range(20)]
        if storing is not None:
            while stored(files) <= before["rows"]:
                lines.append(program.stdout.readline())
            storing.kill()
        program.kill()
        if storing is not None:
            storing.wait()
        said = int([*lines, *program.communicate()[0].splitlines()][-1])
        while not keeper(files, "never", 1):
            pass
        after = counted(files)
        died, made = after["died"] - before["died"], after["rows"] - before["rows"] - (after["died"] - before["died"])
        assert said <= made <= said + 10
        assert 1 <= died <= 2
