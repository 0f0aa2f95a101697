"""A program whose time stands still or is another is recorded with the machine's time."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from keepers import settle

from obsv.store import Reader

BODY = """
import obsv

@obsv.monitor
def fails():
    raise ValueError

def call():
    try:
        fails()
    except ValueError:
        pass
"""
FREEZE = {
    "freezegun": "import freezegun\nfreeze = lambda: freezegun.freeze_time('2012-01-14')\n",
    "time-machine": "import time_machine\nfreeze = lambda: time_machine.travel('2012-01-14', tick=False)\n",
    "by hand": "import time, unittest.mock\n"
    "freeze = lambda: unittest.mock.patch.multiple(time, time=lambda: 0.0, time_ns=lambda: 0, monotonic=lambda: 0.0,"
    " perf_counter_ns=lambda: 0, perf_counter=lambda: 0.0)\n",
}


@pytest.mark.parametrize("is_imported_before", [True, False])
@pytest.mark.parametrize("freeze", FREEZE.values(), ids=FREEZE)
def test_durations_and_times_are_true(tmp_path: Path, freeze: str, is_imported_before: bool) -> None:
    """Times are true whether time was frozen before or after obsv was imported."""
    program = freeze + (BODY if is_imported_before else "") + "with freeze():\n"
    program += "".join(f"    {line}\n" for line in f"{'' if is_imported_before else BODY}\ncall()".splitlines())
    db, started = tmp_path / "x.db", time.time()
    environment = {"OBSV_DB": str(db), "PATH": ""}
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, env=environment, timeout=240)
    settle(db)
    reader = Reader(db)
    try:
        ((at, duration, trace_id),) = reader.query(
            "select (julianday(ts) - 2440587.5) * 86400, duration_ms, trace_id from process_trace"
        )
    finally:
        reader.close()
    assert started - 1 <= at <= time.time() + 1
    assert 0 < duration < 60_000
    assert started - 1 <= int(trace_id[:12], 16) / 1_000 <= time.time() + 1
