"""Work beside storing that runs in child processes: archiving, reports, and sending to a hub.

It takes memory, processor time and libraries that neither a keeper nor a server should carry. A child ends with the
process that started it: its standard input is a pipe. Each kind of work can be killed at any moment. A keeper and
servers may run beside each other: each kind has a lock, and runs in one child at a time.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from obsv.config import settings_from
from obsv.errors import StoreError
from obsv.keeper.files import KeeperFiles
from obsv.keeper.launch import CannotStart, interpreter, paths
from obsv.keeper.lock import Lock, LockUnsupported
from obsv.keeper.wishes import leave_wishes, read_wishes
from obsv.own_time import monotonic, unix_ns
from obsv.semconv import VERSION
from obsv.store import Reader

logger = logging.getLogger("obsv")

_LOOK_S = 1.0
# An hour's calls become a part once, but a program that makes many fills parts all the time.
_ARCHIVE_S = 300.0
_AGAIN_S = 60.0
_REPORT_AGAIN_S = 300.0
_HOUR_S, _HOUR_NS = 3_600.0, 3_600_000_000_000
_STOP_S = 5.0
_SAID = 500

_CODE = """
import json, os, sys, threading
def watch():
    os.read(0, 1)
    os._exit(0)
threading.Thread(target=watch, daemon=True).start()
told = json.loads(os.environ.pop("OBSV_KEEPER"))
sys.path[:0] = [told["root"]]
sys.path += [path for path in told["path"] if path not in sys.path]
from importlib import import_module
sys.exit(import_module(sys.argv[1]).main(sys.argv[2]))
"""


class Errand(NamedTuple):
    """A kind of work.

    Args:
        name: for messages, and for the lock's file.
        module: its `main(db)` is run; it returns an exit status and says on standard error why it failed.
        asks: returns what a database asks for; None is nothing, and something else than before is done at once.
        pause_s: seconds between two runs.
        again_s: seconds after a run that failed.
    """

    name: str
    module: str
    asks: Callable[[KeeperFiles], object]
    pause_s: float
    again_s: float


def archive_of(files: KeeperFiles) -> str | None:
    """Return the address of the store's archive; None if it has none."""
    if not os.path.exists(files.db):
        return None
    reader = Reader(files.db)
    try:
        has_archives = reader.one("select 1 from sqlite_schema where type = 'table' and name = 'archive'")
        row = reader.one("select url from archive") if has_archives else None
    except StoreError:
        return None
    finally:
        reader.close()
    return str(row["url"]) if row else None


def reports_of(files: KeeperFiles) -> object:
    """Return the hour and the time of change of `reports.toml`; None if there is no such file."""
    try:
        state = os.stat(os.environ.get("OBSV_REPORTS") or os.path.join(os.path.dirname(files.db), "reports.toml"))
    except OSError:
        return None
    return unix_ns() // _HOUR_NS, state.st_mtime_ns


ARCHIVE = Errand("archive", "obsv.keeper.archive_errand", archive_of, _ARCHIVE_S, _AGAIN_S)
REPORTS = Errand("reports", "obsv.keeper.report_errand", reports_of, _HOUR_S, _REPORT_AGAIN_S)
HUB = Errand("hub", "obsv.otlp.hub_errand", lambda files: read_wishes(files).get("hub"), _AGAIN_S, _AGAIN_S)
ERRANDS = (ARCHIVE, REPORTS, HUB)


class Errands:
    """Runs what is due, a thread and at most one child process for each kind.

    Args:
        db: path of the database.
        errands: the kinds of work.
        look_s: interval of checks, in seconds.
    """

    def __init__(
        self, db: str | os.PathLike[str], errands: Sequence[Errand] = ERRANDS, look_s: float = _LOOK_S
    ) -> None:
        self._files, self._look_s = KeeperFiles.of(db), look_s
        self._stopping = threading.Event()
        self._said: dict[str, str] = {}
        self._threads = [
            threading.Thread(target=self._run, args=(errand,), name=f"obsv-{errand.name}", daemon=True)
            for errand in errands
        ]

    def start(self) -> None:
        """Start the threads, and note what the environment of this process wishes."""
        try:
            chosen = settings_from({})
            if wishes := {**chosen.limit_changes(), **chosen.wishes()}:
                self._files.make()
                leave_wishes(self._files, wishes)
        except OSError as error:
            logger.warning("Settings of %s in the environment have no effect: %s.", self._files.db, error)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads and their children; does nothing if they were not started."""
        self._stopping.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(_STOP_S)

    def _run(self, errand: Errand) -> None:
        due_s, last = 0.0, None
        lock = Lock(self._files._replace(lock=f"{self._files.rings}/keeper.{errand.name}"))
        while not self._stopping.wait(self._look_s):
            asked = errand.asks(self._files)
            if asked is None or (asked == last and monotonic() < due_s):
                continue
            if not self._take(errand, lock):
                continue
            last = asked
            try:
                is_good = self._run_child(errand)
            except CannotStart as error:
                self._say(errand, str(error))
                return
            except Exception as error:
                self._say(errand, str(error))
                is_good = False
            finally:
                lock.release()
            due_s = monotonic() + (errand.pause_s if is_good else errand.again_s)

    def _take(self, errand: Errand, lock: Lock) -> bool:
        """Return whether this process may run an errand now; another may be running it."""
        try:
            self._files.make()
            return lock.take("errand", VERSION)
        except LockUnsupported:
            return True  # no keeper process is started there either
        except OSError as error:
            self._say(errand, f"it cannot be locked, and waits: {error}")
            return False

    def _run_child(self, errand: Errand) -> bool:
        """Run a child to its end, or to ours; return whether it succeeded."""
        told = json.dumps(paths())
        with subprocess.Popen(
            [interpreter(), "-I", "-S", "-c", _CODE, errand.module, self._files.db],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "OBSV_KEEPER": told},
        ) as child:
            said = self._attend(errand, child)
        status = child.returncode
        if status and not self._stopping.is_set():
            self._say(errand, said or f"it ended with status {status}")
        elif not status:
            self._said.pop(errand.name, None)
        return status == 0

    def _attend(self, errand: Errand, child: subprocess.Popen[bytes]) -> str:
        """Wait for a child's end, or bring it about at ours; log and return what it says."""
        watching = threading.Thread(target=self._end_with_us, args=(child,), daemon=True)
        watching.start()
        assert child.stderr is not None
        said = ""
        for line in child.stderr:
            said = line[:_SAID].decode("utf-8", "replace").strip() or said
            self._say(errand, said)
        child.wait()
        watching.join()
        return said

    def _end_with_us(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdin is not None
        while child.poll() is None and not self._stopping.wait(0.1):
            pass
        child.stdin.close()

    def _say(self, errand: Errand, reason: str) -> None:
        """Log a message, unless it was the last one."""
        if self._said.get(errand.name) != reason:
            self._said[errand.name] = reason
            logger.warning("The %s of %s: %s", errand.name, self._files.db, reason)
