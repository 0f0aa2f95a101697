"""The keeper's periodic work: reports on the recording processes, and retention."""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress

from obsv.acting import ACTOR, Actor
from obsv.errors import StoreError
from obsv.keeper.adopting import adopt, adopt_limits
from obsv.keeper.files import KeeperFiles
from obsv.keeper.recording import Recording
from obsv.keeper.rings import Rings
from obsv.keeper.storing import Storing
from obsv.keeper.wishes import read_wishes
from obsv.own_time import unix_ns
from obsv.store import RecorderRow, Writer
from obsv.store.writing import Upkeep as Limiting
from obsv.trace.notices import Notices
from obsv.trace.schedule import Schedule

_REPORT_S = 1.0
_PROGRAM = Actor("a recording program", "admin", "program")
# Running calls named in the ribbon beside their number.
_OLDEST = 5
_RETAIN_S = 1.0
# Interval of turns at the filters of a search, while calls wait for it and otherwise.
_BLOCKS_S, _NO_BLOCKS_S = 0.1, 1.0
# Delay of storing above which it is reported.
_LATE_NS = 2_000_000_000


class Upkeep:
    """Periodic work.

    Args:
        writer: writer of the database.
        rings: rings of the recording programs.
        storing: writes batches.
    """

    def __init__(self, writer: Writer, rings: Rings, storing: Storing) -> None:
        self._writer, self._rings, self._storing = writer, rings, storing
        self._limiting = Limiting(writer)
        self._files = KeeperFiles.of(writer.path)
        self._host = socket.gethostname()
        self._schedule = Schedule(Notices())
        self._schedule.every(_REPORT_S, self.report)
        self._schedule.every(_RETAIN_S, self.retain)
        self._schedule.every(_BLOCKS_S, self.build_blocks)

    def run_due(self) -> None:
        """Do what is due.

        Raises:
            StoreError: limits chosen by a user cannot be saved at the moment.
        """
        if self._rings.limits:
            ACTOR.set(_PROGRAM)
            self._writer.limit(**self._rings.limits)
            self._rings.limits = {}
        self._schedule.run_due()

    def report(self) -> None:
        """Store a report on each recording process, replacing the previous one."""
        with suppress(StoreError):  # the storing code reports it
            for recording in list(self._rings.recordings.values()):
                self.report_on(recording)

    def report_on(self, recording: Recording, *, ended: bool = False) -> None:
        """Store a report on one recording process; for the last time when all of its ring is stored.

        Args:
            recording: the process's records.
            ended: whether it announced its end, so it is not missed.

        Raises:
            StoreError: the database cannot be written at the moment.
        """
        about = recording.reader.about
        about.lost = sum(loss.calls or 0 for loss in self._writer.losses if loss.at_ns >= about.created)
        is_behind = recording.lag_ns > _LATE_NS
        # The keys of `obsv.stats()` that a keeper knows.
        stats = {
            "state": "DELAYED" if is_behind else "OK",
            "recorded": recording.stored + about.dropped,
            "exported": recording.stored,
            "errors": recording.errors,
            "depth": recording.waiting,
            "error_depth": about.errors_waiting,
            "dropped": about.dropped,
            "rejected": recording.unreadable,
            "lost": about.lost,
            "running": len(recording.running),
            "oldest": recording.oldest(_OLDEST),
            "spill_bytes": recording.waiting_bytes,
            "failed_batches": self._storing.failed,
            "batch_size": self._storing.batch_size,
            "batch_time_ms": round(self._storing.batch_s * 1e3, 3),
            "writer_lag_ms": recording.lag_ns / 1e6,
            "keeper": os.getpid(),
            **({"ended": True} if ended else {}),
        }
        self._writer.report(
            RecorderRow(
                id=f"{self._host}:{about.pid}:{about.created}",
                service=recording.service,
                pid=about.pid,
                host=self._host,
                started_ns=about.created,
                updated_ns=unix_ns(),
                state=str(stats["state"]),
                stats=json.dumps(stats),
            )
        )

    def retain(self) -> float | None:
        """Do a chunk of retention; return when to do the next, None for the usual time."""
        with suppress(StoreError):  # likewise
            return self._retain()
        return None

    def build_blocks(self) -> float | None:
        """Take some calls into blocks that a search can pass over; return when to go on, None for the usual time."""
        with suppress(StoreError):  # likewise
            return None if self._writer.build_blocks() else _NO_BLOCKS_S
        return _NO_BLOCKS_S

    def _retain(self) -> float | None:
        # Before anything is deleted that the archive should have.
        if wishes := read_wishes(self._files):
            adopt(self._files, wishes)
            adopt_limits(self._files, wishes, self._writer)
        # A server that only displays yesterday's calls does not delete any by the default limit.
        self._limiting.by_default = self._writer.has_written
        pause_s = self._limiting.step()
        return pause_s if pause_s < _RETAIN_S else None
