"""The keeper's reports on recording programs, and its retention."""

import json
import os
import sqlite3
import time

import pytest
from recorded import Program

from obsv.keeper.adopting import adopt_limits
from obsv.keeper.call_rows import CallRows
from obsv.keeper.doorbell import Doorbell
from obsv.keeper.errands import Errands
from obsv.keeper.files import KeeperFiles
from obsv.keeper.rings import Rings
from obsv.keeper.storing import Storing
from obsv.keeper.upkeep import Upkeep
from obsv.keeper.wishes import read_wishes
from obsv.store import Writer
from obsv.store.ground import HOUR_NS


def test_recorders_are_reported(files: KeeperFiles) -> None:
    """One row a process, in the place of what was said before."""
    writer = Writer(files.db)
    rings = Rings(files.rings, CallRows(), writer.ring, Doorbell(files.bell))
    upkeep = Upkeep(writer, rings, Storing(writer))
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
    program.ring.about.limits = {"max_age_ns": 1_000_000}
    writer = Writer(files.db)
    rows = CallRows()
    rings = Rings(files.rings, rows, writer.ring, Doorbell(files.bell))
    program.call(program.function("shop.price"))
    rings.look(is_due=True)
    for recording in rings.recordings.values():
        writer.write(recording.take_calls(is_final=False) or [])
    upkeep = Upkeep(writer, rings, Storing(writer))
    upkeep.run_due()
    time.sleep(1.1)  # calls are deleted by whole seconds
    while upkeep.retain() is not None:
        pass
    writer.close()
    assert sqlite3.connect(files.db).execute("select count(*) from span").fetchone() == (0,)


def test_limits_of_a_server_s_environment_are_told_to_the_store(
    files: KeeperFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be the only one that writes."""
    for name, text in {"OBSV_MAX_BYTES": "1GB", "OBSV_RETENTION": "2d", "OBSV_DECISION_RETENTION": "none"}.items():
        monkeypatch.setenv(name, text)
    errands = Errands(files.db, ())
    errands.start()
    errands.stop()
    writer = Writer(files.db)
    adopt_limits(files, read_wishes(files), writer)
    assert writer.limits()[:4] == (48 * HOUR_NS, 10**9, True, None)
    assert read_wishes(files) == {}
    writer.close()


def test_limits_of_every_program_are_told_to_the_store(files: KeeperFiles) -> None:
    """Also of one that finds the keeper of another; not again when its ring is opened once more."""
    writer = Writer(files.db)

    def look() -> None:
        rings = Rings(files.rings, CallRows(), writer.ring, Doorbell(files.bell))
        upkeep = Upkeep(writer, rings, Storing(writer))
        rings.look(is_due=True)
        upkeep.run_due()
        for recording in rings.recordings.values():
            writer.write(recording.take_calls(is_final=False) or [], [recording.progress])

    for limits in ({"max_age_ns": 5}, {"max_bytes": 10**9}, {"max_age_ns": None}):
        program = Program(files.rings)
        program.ring.about.limits = limits
        program.call(program.function("shop.price"))
        look()
    assert (writer.limits().max_age_ns, writer.limits().max_bytes) == (None, 10**9)
    writer.limit(max_age_ns=7)
    look()
    assert writer.limits().max_age_ns == 7
    writer.close()
