"""What a keeper says of those who record, and how it keeps the file small."""

import json
import os
import sqlite3
import time

from recorded import Program

from obsv.keeper import Options
from obsv.keeper.call_rows import CallRows
from obsv.keeper.doorbell import Doorbell
from obsv.keeper.files import KeeperFiles
from obsv.keeper.rings import Rings
from obsv.keeper.upkeep import Upkeep
from obsv.store import Writer


def test_recorders_are_reported(files: KeeperFiles) -> None:
    """One row a process, in the place of what was said before."""
    writer = Writer(files.db)
    rings = Rings(files.rings, CallRows(), writer.ring, Doorbell(files.bell))
    upkeep = Upkeep(writer, rings, Options())
    program = Program(files.rings)
    program.call(program.function("shop.price"))
    rings.look(is_due=True)
    for recording in rings.recordings.values():
        recording.take_calls(is_final=False)
    upkeep.report()
    upkeep.report()
    writer.close()
    ((service, pid, state, text),) = sqlite3.connect(files.db).execute(
        "select service, pid, state, stats from recorder"
    )
    assert (service, pid, state) == ("shop", os.getpid(), "OK")
    stats = json.loads(text)
    assert stats["recorded"] == 1
    assert stats["depth"] == stats["dropped"] == stats["errors"] == 0


def test_old_calls_go(files: KeeperFiles) -> None:
    """A keeper is who keeps the limits, also when nobody records."""
    program = Program(files.rings)
    writer = Writer(files.db)
    rows = CallRows()
    rings = Rings(files.rings, rows, writer.ring, Doorbell(files.bell))
    program.call(program.function("shop.price"))
    rings.look(is_due=True)
    for recording in rings.recordings.values():
        writer.write(recording.take_calls(is_final=False) or [])
    upkeep = Upkeep(writer, rings, Options(limits={"max_age_ns": 1_000_000}))
    time.sleep(1.1)  # calls are deleted by whole seconds
    while upkeep.retain() is not None:
        pass
    writer.close()
    assert sqlite3.connect(files.db).execute("select count(*) from span").fetchone() == (0,)
