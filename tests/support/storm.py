"""A program that only fails, killed in the middle of it."""

import mmap
import os
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from keepers import end_keeper, eventually, settle

from obsv.keeper.files import KeeperFiles

# What had failed when the program was killed is told by memory that it shares with a file: a store after each failure.
_PROGRAM = """
import mmap, os, struct, sys, threading, time
import obsv

@obsv.monitor
def fail(number):
    raise ValueError(number)

@obsv.monitor
def compute(number):
    return sum(range(number))

failed = mmap.mmap(os.open(sys.argv[1], os.O_RDWR), 8)
pause_s = float(sys.argv[3])

def busy():
    while True:
        compute(2_000)

if sys.argv[2] == "busy":
    threading.Thread(target=busy, daemon=True).start()
number = 0
while True:
    number += 1
    try:
        fail(number)
    except ValueError:
        struct.pack_into("=q", failed, 0, number)
    if pause_s:
        time.sleep(pause_s)
"""


class Storm(NamedTuple):
    """The outcome of a storm.

    Args:
        failed: calls that had failed.
        lost: those of them that are not in the store.
        doubled: rows beyond one a call.
    """

    failed: int
    lost: int
    doubled: int


def storm(directory: Path, chance: random.Random, *, busy: bool, pause_s: float = 0.0) -> Storm:
    """Run the program for a while, kill it, and count what is stored.

    Args:
        directory: its own; empty.
        chance: how long it runs.
        busy: another thread of it computes without a pause.
        pause_s: between two failures, seconds.
    """
    program, counter, db = directory / "storm.py", directory / "failed", directory / "store.db"
    program.write_text(_PROGRAM)
    counter.write_bytes(bytes(8))
    command = [sys.executable, str(program), str(counter), "busy" if busy else "idle", str(pause_s)]
    with counter.open("r+b") as file, mmap.mmap(file.fileno(), 8) as failed:
        with subprocess.Popen(command, env={**os.environ, "OBSV_DB": str(db)}) as process:
            eventually(lambda: int.from_bytes(failed[:8], sys.byteorder) > 0)
            time.sleep(chance.uniform(0.0, 0.5))
            process.kill()
        called = int.from_bytes(failed[:8], sys.byteorder)
    settle(db)
    rows = "select json_extract(data, '$[0]') from span where status = 2 and process_id in "
    with sqlite3.connect(f"file:{db}?mode=ro", uri=True) as connection:
        named = "(select id from process where name like '%fail')"
        found = [int(number) for (number,) in connection.execute(rows + named)]
    connection.close()
    end_keeper(KeeperFiles.of(db))
    return Storm(called, len(set(range(1, called + 1)) - set(found)), len(found) - len(set(found)))
