"""The delay of a keeper, as anybody can read it from the rings."""

import os
import time
from collections.abc import Iterator

import pytest
from recorded import Program

from obsv.keeper import Options
from obsv.keeper.files import KeeperFiles
from obsv.keeper.lagging import ring_state
from obsv.keeper.work import DatabaseWork
from obsv.record import layout
from obsv.record.values import dumps

NS = 1_000_000_000


@pytest.fixture
def program(files: KeeperFiles) -> Program:
    return Program(files.rings)


@pytest.fixture
def work(files: KeeperFiles, program: Program) -> Iterator[DatabaseWork]:
    work = DatabaseWork(files, Options())
    yield work
    work.close()


def test_without_programs_nothing_is_behind(files: KeeperFiles) -> None:
    assert ring_state(files.db, time.time_ns()) == (0, 0.0, 0.0)


@pytest.mark.parametrize("kind", ["begin and end", "call", "error"])
def test_a_record_that_no_keeper_reads_grows_old(files: KeeperFiles, program: Program, kind: str) -> None:
    """Of whatever kind the first one is."""
    function = program.function("shop.price", ("item",))
    if kind == "call":
        packed = dumps((("tea",), (5.5,), None, None))
        head = program._begin(layout.CALL, program.new_id(), function, packed, None, 0, 0, status=1)
        program.put(program.ring.calls, head + packed)
    elif kind == "error":
        program.begin(function, ("tea",))
    else:
        program.call(function, ("tea",), 5.5)
    seen = ring_state(files.db, time.time_ns() + 40 * NS)
    assert seen.programs == 1
    assert 39 < seen.waits_s < 70


def test_a_keeper_that_reads_and_looks_is_not_behind(files: KeeperFiles, program: Program, work: DatabaseWork) -> None:
    """Records that it has read no longer wait; that it looks is written into each ring."""
    program.call(program.function("shop.price", ("item",)), ("tea",), 5.5)
    assert ring_state(files.db, time.time_ns() + 40 * NS).silent_s > 39
    while work.step():
        pass
    work.wait(0.001)
    seen = ring_state(files.db, time.time_ns())
    assert (seen.programs, seen.waits_s) == (1, 0.0)
    assert seen.silent_s < 30


def test_a_ring_with_any_content_is_survived(files: KeeperFiles, program: Program) -> None:
    """It is another process's file."""
    program.call(program.function("shop.price", ("item",)), ("tea",), 5.5)
    ring = os.path.join(files.rings, os.listdir(files.rings)[0])
    for name in os.listdir(ring):
        if name.startswith("calls"):
            with open(os.path.join(ring, name), "r+b") as file:
                file.seek(layout.SEGMENT_HEADER)
                file.write(b"\xff" * 64)
    assert ring_state(files.db, time.time_ns()).programs == 1
