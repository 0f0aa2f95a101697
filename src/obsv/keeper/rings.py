"""The rings of a database: which exist, whose process has ended, which must not be touched."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

from obsv.errors import StoreError
from obsv.keeper.call_rows import CallRows
from obsv.keeper.doorbell import Doorbell
from obsv.keeper.ending import Ending, exit_code
from obsv.keeper.recording import Recording
from obsv.own_time import unix_ns
from obsv.record.about import About, boot_id, process_start
from obsv.record.layout import NEW_PREFIX
from obsv.record.reader import RingReader
from obsv.record.ring import Ring, remove
from obsv.store.ground import RingProgress

logger = logging.getLogger("obsv")

# Maximum number of rings: a directory with more is not genuine.
_MOST_RINGS = 10_000
# A ring is created within milliseconds.
_LEFT_BEHIND_NS = 60_000_000_000
# A process seen alive this recently has ended about now.
_FRESH_NS = 2_000_000_000


class Rings:
    """A registry that finds rings, opens each once, and closes it when it is stored.

    Args:
        directory: directory of all rings of the database.
        rows: converts records to rows.
        progress: returns the stored position of a ring, by its name.
        bell: watches processes.
        own_only: whether only rings of this process count.

    Attributes:
        recordings: the open ones, by name.
        limits: limits chosen by users of these programs that have not been saved in the store yet.
    """

    def __init__(
        self,
        directory: str,
        rows: CallRows,
        progress: Callable[[str], RingProgress | None],
        bell: Doorbell,
        *,
        own_only: bool = False,
    ) -> None:
        self._directory, self._rows, self._progress = Path(directory), rows, progress
        self._bell, self._own_only = bell, own_only
        self.recordings: dict[str, Recording] = {}
        self.limits: dict[str, int | None] = {}
        self._refused: set[str] = set()
        self._endings: dict[str, Ending] = {}
        self._listed_ns = -1
        self._memory_only = False

    def take_memory(self, ring: Ring) -> None:
        """Store a ring in the memory of this process, and no other."""
        self._memory_only = True
        name = f"memory of {os.getpid()}"
        self.recordings[name] = Recording(name, RingReader.of_memory(ring), self._rows)
        self.limits |= ring.about.limits
        ring.about.keeper_pid = os.getpid()

    def look(self, *, is_due: bool) -> None:
        """Open new rings.

        Args:
            is_due: also if the directory seems unchanged: two changes within a tick of its clock look like one.
        """
        if self._memory_only:
            return
        changed_ns = self._changed_ns()
        if changed_ns == self._listed_ns and not is_due:
            return
        self._listed_ns = changed_ns
        names = self._names()
        self._refused &= set(names)
        for name in names:
            if name.startswith(NEW_PREFIX):
                self._sweep(name)
            elif name not in self.recordings and name not in self._refused:
                self._open(name)

    def ended(self, pids: list[int]) -> None:
        """Record that processes have ended just now."""
        now_ns = unix_ns()
        for name, recording in self.recordings.items():
            if recording.pid in pids and name not in self._endings:
                self._endings[name] = self._ending(recording, now_ns)

    def ending(self, recording: Recording) -> Ending | None:
        """Return how the process of a ring has ended; None while it may still write."""
        known = self._endings.get(recording.name)
        if known is None:
            now_ns = unix_ns()
            if recording.reader.is_alive():
                recording.seen_ns = now_ns
            else:
                is_fresh = now_ns - recording.seen_ns < _FRESH_NS
                known = self._ending(recording, now_ns if is_fresh else _last_sign(recording))
                self._endings[recording.name] = known
        return known

    def close(self, recording: Recording, *, is_stored: bool) -> None:
        """Close a ring.

        Args:
            is_stored: its process has ended and all of it is stored: it is removed.
        """
        self.recordings.pop(recording.name, None)
        self._endings.pop(recording.name, None)
        self._bell.unwatch(recording.pid)
        if is_stored and recording.unreadable:
            message = "%s: %d records of process %d were damaged or forged and are not stored."
            logger.warning(message, self._directory, recording.unreadable, recording.pid)
        recording.close()
        if is_stored and recording.reader.directory is not None:
            remove(self._directory / recording.name)

    def complain(self, text: str) -> None:
        """Tell all programs why nothing can be stored now; empty if it can."""
        for recording in self.recordings.values():
            recording.reader.about.complaint = text

    def refuse(self, name: str, reason: object) -> None:
        """Ignore a ring from now on, and log it once."""
        self._refused.add(name)
        if name in self.recordings:
            self.close(self.recordings[name], is_stored=False)
        logger.warning("%s/%s is ignored: %s.", self._directory, name, reason)

    def _open(self, name: str) -> None:
        try:
            reader = RingReader.of_files(self._directory / name, writable=True)
        except OSError as error:
            if (self._directory / name).exists():
                self.refuse(name, error)
            return
        if self._own_only and reader.about.pid != os.getpid():
            reader.close()
            self._refused.add(name)
            return
        reader.about.keeper_pid = os.getpid()
        try:
            stored = self._progress(name)
            self.recordings[name] = Recording(name, reader, self._rows, stored)
        except BaseException as error:
            if isinstance(error, StoreError):
                reader.about.complaint = str(error)
            reader.close()
            raise
        reader.about.complaint = ""
        if stored is None:  # otherwise they were saved in the store, and others may have changed them since
            self.limits |= reader.about.limits
        if _is_here(reader.about):
            self._bell.watch(reader.about.pid)

    def _ending(self, recording: Recording, at_ns: int) -> Ending:
        about = recording.reader.about
        is_restart = about.boot_id not in (boot_id(), bytes(16))
        code = None if is_restart else exit_code(about.pid, about.process_start)
        return Ending(about.pid, at_ns, bool(about.closed), is_restart, code)

    def _names(self) -> list[str]:
        found = []
        with contextlib.suppress(OSError), os.scandir(self._directory) as entries:
            found = [entry.name for entry, _ in zip(entries, range(_MOST_RINGS), strict=False) if _is_ring(entry)]
        return found

    def _changed_ns(self) -> int:
        try:
            return os.stat(self._directory).st_mtime_ns
        except OSError:
            return -1

    def _sweep(self, name: str) -> None:
        """Remove the files of a process that died while it created its ring."""
        path = self._directory / name
        with contextlib.suppress(OSError):
            if unix_ns() - os.lstat(path).st_mtime_ns > _LEFT_BEHIND_NS:
                remove(path)


def _is_ring(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and not entry.name.startswith("keeper.")


def _is_here(about: About) -> bool:
    """Return whether the process with this ID is the recording one, not one of another run or container."""
    return about.boot_id == boot_id() and about.process_start == process_start(about.pid) != 0


def _last_sign(recording: Recording) -> int:
    """Return when the process was last known to run, Unix time."""
    about = recording.reader.about
    return max(recording.seen_ns, about.created, recording.latest + about.offset if recording.latest else 0)
