"""Eight programs, one keeper: made = stored."""

import sqlite3
import subprocess
import sys
from pathlib import Path

from keepers import PATIENCE_S, eventually, keeper_pid

from obsv.keeper.files import KeeperFiles

PROGRAM = """
import os, sys
sys.path.insert(0, sys.argv[2])
from obsv.keeper import Options, ensure
from recorded import Program

program = Program(sys.argv[1] + ".rings", "service" + sys.argv[3])
by = ensure(sys.argv[1], Options("process", 60)).by
outer, inner = program.function("shop.outer"), program.function("shop.inner")
for number in range(1_500):
    if number % 100 == 3:
        program.fail(inner, ValueError(str(number)))
    else:
        program.call(outer, (number,), number)
print(by, os.getpid(), flush=True)
if sys.argv[3] in "0123":
    program.close()
elif sys.argv[3] in "45":
    os._exit(0)
else:
    os.kill(os.getpid(), 9)
"""


def test_eight_programs_and_one_keeper(files: KeeperFiles) -> None:
    """Some end in order, some without a word, some are killed."""
    support = str(Path(__file__).parent.parent / "support")
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, files.db, support, str(number)], stdout=subprocess.PIPE, text=True
        )
        for number in range(8)
    ]
    for program in programs:
        assert program.communicate(timeout=PATIENCE_S)[0].startswith("process ")
    keeper_pid(files)
    eventually(lambda: [path.name for path in Path(files.rings).iterdir() if not path.name.startswith("keeper.")] == [])
    connection = sqlite3.connect(files.db)
    found = connection.execute("select service, count(*), sum(status = 'ERR') from process_trace group by 1 order by 1")
    assert found.fetchall() == [(f"service{number}", 1_500, 15) for number in range(8)]
    assert connection.execute("select sum(count), sum(errors) from process_minute where minute = 0").fetchone() == (
        12_000,
        120,
    )
    connection.close()
