"""What the worker's thread does beside exporting."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from opentelemetry.sdk.resources import Resource

from obsv.config import Settings
from obsv.housekeeping import Housekeeping
from obsv.store import Writer
from obsv.trace.processor import ErrorFirstSpanProcessor


class Tasks:
    """Takes what is to be done, and does it when told."""

    def __init__(self) -> None:
        self.tasks: list[Callable[[], object]] = []

    def every(self, interval_s: float, call: Callable[[], object]) -> None:
        self.tasks.append(call)

    def at_end(self, call: Callable[[], object]) -> None:
        self.tasks.append(call)

    def stats(self) -> dict[str, Any]:
        return {"state": "OK"}


def test_a_locked_file_is_no_failure_of_ours(tmp_path: Path) -> None:
    """The exporter says once that the file is locked; neither the report nor retention adds a traceback a second."""
    writer = Writer(tmp_path / "store.db", busy_timeout_s=0)
    writer.open()
    locker = sqlite3.connect(writer.path, isolation_level=None)
    locker.execute("begin immediate")
    tasks = Tasks()
    Housekeeping(writer, cast(ErrorFirstSpanProcessor, tasks), Settings(max_bytes=1), Resource({}))
    assert [task() for task in tasks.tasks] == [None, None, None]
    locker.execute("rollback")
    tasks.tasks[0]()
    assert locker.execute("select count(*) from recorder").fetchone() == (1,)
    writer.close()
    locker.close()
