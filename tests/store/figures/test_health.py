"""The state of a file, and suggested fixes."""

from __future__ import annotations

import json
from pathlib import Path

from store_rows import START_NS, call

from obsv.store import RecorderRow, Writer
from obsv.store.figures.health import check
from obsv.store.file.migrations import SCHEMA_VERSION
from obsv.store.ground import HOUR_NS

NOW_NS = START_NS + 10_000_000_000
RECORDER = RecorderRow("host:1:2", "shop", 1, "host", START_NS, NOW_NS, "OK", "{}")


def test_good_file(writer: Writer, path: Path) -> None:
    """A good file has facts and no problems."""
    writer.write([call(1), call(2, status=2)])
    writer.report(RECORDER)
    health = check(path, NOW_NS)
    assert health.problems == ()
    assert (health.schema_version, health.calls_ever, health.errors_ever) == (SCHEMA_VERSION, 2, 1)
    assert (health.first_ts, health.last_ts) == ("2026-09-21 14:13:20.000001", "2026-09-21 14:13:20.000002")
    assert health.size_bytes > 0
    assert health.log_bytes > 0
    assert [recorder.state for recorder in health.recorders] == ["OK"]


def test_no_file(tmp_path: Path) -> None:
    """A missing file is a problem with a remedy, not an exception."""
    (problem,) = check(tmp_path / "none.db", NOW_NS).problems
    assert "record something first" in problem


def test_corrupt_file(writer: Writer, path: Path) -> None:
    """Damage that no query has met yet is found."""
    writer.write([call(number) for number in range(1, 3_000)])
    writer.close()
    with path.open("r+b") as file:
        size = path.stat().st_size
        file.seek(size // 4)
        file.write(b"\xff" * (size // 2))  # one page may be one of long text, in which anything may stand
    (problem,) = check(path, NOW_NS).problems
    assert "corrupt" in problem


def test_recorder_in_trouble(writer: Writer, path: Path) -> None:
    """A recorder that cannot keep up is named; one that is gone is not."""
    writer.report(RECORDER._replace(state="CIRCUIT OPEN", stats=json.dumps({"depth": 5, "queue_depth": 5})))
    writer.report(RECORDER._replace(id="gone", state="CIRCUIT OPEN", updated_ns=NOW_NS - 60_000_000_000))
    (problem,) = check(path, NOW_NS).problems
    assert problem.startswith("shop (pid 1 on host) is CIRCUIT OPEN")


def test_spill_files_without_calls(writer: Writer, path: Path) -> None:
    """A killed program of an older version left its journal, empty where all errors were stored: nothing waits."""
    writer.write([call(1)])
    path.with_name(path.name + ".12-ab-journal1.errors.spill").write_bytes(b"OBSVSPIL".ljust(24, b"\0"))
    health = check(path, NOW_NS)
    assert (health.spills, health.problems) == ((), ())


def test_spill_files_that_wait(writer: Writer, path: Path) -> None:
    """Files that wait beside the database are listed, and a problem when nobody is there to store them."""
    writer.open()
    path.with_name(path.name + ".12-ab-1.spill").write_bytes(b"x" * 2_000_000)
    health = check(path, NOW_NS)
    assert [spill.size_bytes for spill in health.spills] == [2_000_000]
    assert "2,000,000 bytes of calls are waiting in files of an older version" in health.problems[0]
    writer.report(RECORDER)
    assert check(path, NOW_NS).problems == ()


def test_lost_file_is_a_problem_for_a_day(writer: Writer, path: Path) -> None:
    """Losses are listed as long as the file exists."""
    writer.write([call(1), call(2, status=2)])
    path.unlink()
    writer.write([call(3)])
    (loss,) = writer.losses
    health = check(path, loss.at_ns + 1)
    assert [(each.calls, each.errors) for each in health.losses] == [(2, 1)]
    assert any("2 calls (1 error)" in problem for problem in health.problems)
    later = check(path, loss.at_ns + 25 * HOUR_NS)
    assert len(later.losses) == 1
    assert not any("was lost" in problem for problem in later.problems)


def test_recorder_whose_figures_are_damaged(writer: Writer, path: Path) -> None:
    """Damaged figures count as zero."""
    for number, stats in enumerate(
        ("[]", "{", "null", '{"depth":"x","writer_lag_ms":1e999,"oldest":[[1]]}', "[" * 5_000)
    ):
        writer.report(RECORDER._replace(id=str(number), stats=stats))
    health = check(path, NOW_NS)
    assert [each.queue_depth for each in health.recorders] == [0] * 5
