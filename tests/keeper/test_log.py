"""The keeper's log."""

import logging
import os
from pathlib import Path

from obsv.keeper.log import BoundedLog


def _record(text: str) -> logging.LogRecord:
    return logging.LogRecord("obsv", logging.INFO, __file__, 1, text, (), None)


def test_log_never_grows_beyond_its_bound(tmp_path: Path) -> None:
    """The latest lines are kept, whole."""
    path = tmp_path / "log"
    log = BoundedLog(str(path), max_bytes=4_000)
    for number in range(1_000):
        log.emit(_record(f"line {number}"))
        assert path.stat().st_size <= 4_000
    lines = path.read_text().splitlines()
    numbers = [int(line.rpartition(" ")[2]) for line in lines]
    assert numbers == list(range(numbers[0], 1_000))
    assert len(numbers) > 20


def test_one_huge_line_is_cut(tmp_path: Path) -> None:
    """It neither fills the file nor takes the others away."""
    path = tmp_path / "log"
    log = BoundedLog(str(path), max_bytes=4_000)
    log.emit(_record("first"))
    log.emit(_record("x" * 100_000))
    assert path.stat().st_size <= 4_000
    assert "first" in path.read_text()


def test_log_that_cannot_be_written_hurts_nobody(tmp_path: Path) -> None:
    """A directory that is gone, a link that points elsewhere, text that is no text."""
    BoundedLog(str(tmp_path / "gone" / "log")).emit(_record("lost"))
    target = tmp_path / "target"
    target.write_text("precious")
    os.symlink(target, tmp_path / "link")
    BoundedLog(str(tmp_path / "link")).emit(_record("lost"))
    assert target.read_text() == "precious"
    BoundedLog(str(tmp_path / "log")).emit(_record("\udcff"))
    assert "\\udcff" in (tmp_path / "log").read_text()
