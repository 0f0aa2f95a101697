"""A process is killed at any moment; the next one finds what it had, once."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from obsv.testing import CollectingExporter
from obsv.trace.processor import ErrorFirstSpanProcessor

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")

# An exporter that keeps names and positions in one transaction, and is too slow for what the program makes.
PROGRAM = textwrap.dedent(
    """
    import itertools, sqlite3, sys, threading, time
    from pathlib import Path
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
    from obsv.testing import ended_span
    from obsv.trace.processor import ErrorFirstSpanProcessor

    class Exporter(SpanExporter):
        def __init__(self, path, delay_s):
            self.path, self.delay_s, self.connection = path, delay_s, None

        def write(self, spans, path, position):
            if self.connection is None:
                self.connection = sqlite3.connect(self.path, timeout=60, check_same_thread=False)
                self.connection.execute("create table if not exists span(name)")
                self.connection.execute("create table if not exists progress(path primary key, position)")
            with self.connection:
                self.connection.executemany("insert into span values(?)", [(span.name,) for span in spans])
                if path:
                    self.connection.execute("insert or replace into progress values(?, ?)", (path, position))
                time.sleep(self.delay_s)
            return SpanExportResult.SUCCESS

        def export(self, spans):
            return self.write(spans, None, 0)

        def export_replayed(self, spans, path, position):
            return self.write(spans, path, position)

        def replayed_position(self, path):
            self.write([], None, 0)
            row = self.connection.execute("select position from progress where path = ?", (path,)).fetchone()
            return row[0] if row else 0

        def forget_replayed(self, path):
            with self.connection:
                self.connection.execute("delete from progress where path = ?", (path,))

    base, delay_s, run = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    processor = ErrorFirstSpanProcessor(
        Exporter(base, delay_s), spill_path=base, lane_size=2_000, ring_size=4_000, batch_size=2_000
    )
    if run == "finish":
        print(processor.force_flush(120_000), processor.stats()["replayed"])
        processor.shutdown()
        sys.exit()
    for number in itertools.count():
        processor.on_end(ended_span(f"{run} {number}"))
        if number % 2_000 == 0:
            print(number, processor.stats()["spilled"], processor.stats()["replayed"], flush=True)
    """
)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def run_until_killed(program: Path, base: Path, name: str, spilled: int) -> None:
    """Run the program until it has spilled so many spans, and kill it."""
    command = [sys.executable, str(program), str(base), "0.02", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line.split()[1]) >= spilled:
                break
        process.kill()


def test_what_was_spilled_is_replayed_exactly_once(program: Path, tmp_path: Path) -> None:
    """Three processes are killed while they spill and replay; a fourth ends well: no span is there twice."""
    base = tmp_path / "calls.db"
    for number, spilled in enumerate((2_000, 15_000, 40_000)):
        run_until_killed(program, base, f"run{number}", spilled)
    command = [sys.executable, str(program), str(base), "0", "finish"]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert finished.stdout.startswith("True")
    assert list(tmp_path.glob("*.spill")) == []
    with sqlite3.connect(base) as connection:
        rows = connection.execute("select count(*), count(distinct name) from span").fetchone()
        progress = connection.execute("select count(*) from progress").fetchone()
    connection.close()
    assert rows[0] == rows[1] >= 2_000
    assert progress == (0,)


HANGING = textwrap.dedent(
    """
    import sys, threading
    from obsv.testing import CollectingExporter, ended_span
    from obsv.trace.processor import ErrorFirstSpanProcessor

    exporter = CollectingExporter()
    exporter.hang()
    processor = ErrorFirstSpanProcessor(exporter, spill_path=sys.argv[1])
    processor.on_end(ended_span("opener", error=True))
    assert exporter.wait_for_attempts(1)
    threads = [
        threading.Thread(target=lambda t=t: [processor.on_end(ended_span(f"{t}.{n}", error=True)) for n in range(25)])
        for t in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("recorded", flush=True)
    threading.Event().wait()
    """
)


def test_errors_behind_a_hanging_exporter_survive_a_kill(tmp_path: Path) -> None:
    """Each error is safe as soon as the call that failed has returned, even if the worker never comes."""
    script = tmp_path / "hanging.py"
    script.write_text(HANGING)
    base = tmp_path / "calls.db"
    with subprocess.Popen([sys.executable, str(script), str(base)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "recorded\n"
        os.kill(process.pid, signal.SIGKILL)
    exporter = CollectingExporter()
    following = ErrorFirstSpanProcessor(exporter, spill_path=base)
    assert following.force_flush()
    following.shutdown()
    assert sorted(exporter.names) == sorted(["opener", *(f"{t}.{n}" for t in range(4) for n in range(25))])
    assert list(tmp_path.glob("*.spill")) == []
