"""Messages of `obsv run` at the end of a program: why nothing was recorded, or a summary."""

import os
import sys
import time
from collections.abc import Collection
from pathlib import Path

from obsv.instrument.never import is_never_recorded
from obsv.nouns import counted, plural
from obsv.own_time import monotonic

_SHOWN = 8
_BUSIEST = 5
# The user asked for the summary and is waiting for it.
_PATIENCE_S, _POLL_S = 20.0, 0.02


def say_nothing_was_found(imported: Collection[str]) -> None:
    """Print that no function was recorded, and which modules could be.

    Args:
        imported: names of modules that the program has imported.
    """
    tops = sorted({name.partition(".")[0] for name in imported})
    own = [name for name in tops if name not in sys.stdlib_module_names and not name.startswith("_") and _is_own(name)]
    some = f" It imported {', '.join(own[:_SHOWN])}{', …' if len(own) > _SHOWN else ''}." if own else ""
    print(f"obsv run: no call was recorded; name the modules to record with --include.{some}", file=sys.stderr)


def has_recorded(since_ns: int) -> bool:
    """Return whether any program, including children, has recorded into the configured database.

    Args:
        since_ns: Unix time.
    """
    from obsv.config import settings_from
    from obsv.keeper.files import KeeperFiles

    try:
        files = KeeperFiles.of(settings_from({}).db)
        paths = [each for each in (files.rings, files.db, f"{files.db}-wal") if os.path.exists(each)]
        return any(os.stat(each).st_mtime_ns >= since_ns for each in paths)
    except Exception:
        return False


def _is_own(name: str) -> bool:
    return name not in ("obsv", "sitecustomize", "usercustomize") and not is_never_recorded(name)


class Summary:
    """Prints a summary of what a program recorded, after everything is stored."""

    def __init__(self) -> None:
        self._start_ns = time.time_ns()
        self._pid = os.getpid()

    def say(self) -> None:
        """Print the summary to standard error. Never raises."""
        if os.getpid() != self._pid:
            return
        try:
            from obsv.analysis.markdown import visible

            for line in self._lines():
                print(f"obsv: {visible(line)}", file=sys.stderr)
        except Exception as error:
            print(f"obsv: the calls cannot be summarized ({error}).", file=sys.stderr)

    def _lines(self) -> list[str]:
        from obsv.analysis.markdown import one_line
        from obsv.instrument.options import process_settings
        from obsv.store.finding import Filters
        from obsv.store.ground import Window
        from obsv.store.seam import open_store
        from obsv.times import ts

        db = process_settings().db
        waiting = wait_until_stored(db)
        store = open_store(db)
        try:
            window = Window(self._start_ns, time.time_ns() + 1)
            answer = store.run_sql(_BY_FUNCTION.format(start=ts(self._start_ns)))
            errors = store.read_errors(Filters(), window, 1)
        finally:
            store.close()
        calls = sum(row[1] for row in answer.rows)
        took = (time.time_ns() - self._start_ns) / 1e9
        failed = counted(errors.errors, "error")
        if errors.errors:
            failed += f", {errors.outermost:,} of them left the outermost recorded call"
        made = f"{counted(calls, 'call')} of {counted(len(answer.rows), 'function')}"
        lines = [f"{made} stored in {db}, {took:,.1f} s; {failed}."]
        for process, count, total_ms in answer.rows[:_BUSIEST]:
            lines.append(f"{total_ms:>12,.1f} ms in {count:>9,} {plural(count, 'call')} of {one_line(process)}")
        return [*lines, *([f"{waiting} are still to be stored."] if waiting else [])]


def wait_until_stored(db: Path) -> str:
    """Wait for the keeper; return the number of calls still not stored as text, or an empty string."""
    from obsv.keeper.looking import pending

    deadline = monotonic() + _PATIENCE_S
    while (waiting := pending(db)).calls and monotonic() < deadline:
        time.sleep(_POLL_S)
    return str(waiting) if waiting.calls else ""


_BY_FUNCTION = """
select process, count(*) as calls, sum(duration_ms) as total_ms from process_trace where ts >= '{start}'
group by process order by total_ms desc
"""
