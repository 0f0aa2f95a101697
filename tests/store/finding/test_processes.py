"""Several processes write one file at once."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

import pytest
from store_child import BATCHES, PROCESSES, SIZE, record
from store_rows import call, recounted, rollups, span_id

from obsv.store import Reader, Writer


def test_four_processes_write_one_file(path: Path, reader: Reader) -> None:
    """Nothing is lost or counted twice, from making the file on; shared names are interned once."""
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(PROCESSES)
    children = [context.Process(target=record, args=(path, number, gate)) for number in range(PROCESSES)]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    assert [child.exitcode for child in children] == [0] * PROCESSES
    assert (
        tuple(reader.query("select count(*), count(distinct trace_id || span_id) from span")[0])
        == (PROCESSES * BATCHES * SIZE + BATCHES * 10,) * 2
    )
    assert rollups(reader) == recounted(reader)
    assert reader.query("select count(*) from process")[0][0] == 10 + PROCESSES
    assert reader.query("pragma integrity_check")[0][0] == "ok"


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_forked_child_writes_through_a_connection_of_its_own(writer: Writer, reader: Reader) -> None:
    """Parent and child go on with the same Writer after a fork, and each stores its own."""
    writer.write([call(1)])
    child = os.fork()
    if child == 0:
        writer.write([call(2)])
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    writer.write([call(3)])
    assert [row[0] for row in reader.query("select span_id from process_trace order by ts")] == [
        span_id(number).hex() for number in (1, 2, 3)
    ]
