"""What a keeper does besides storing: says how the recording processes are, and keeps the file within its limits."""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress

from obsv.errors import StoreError
from obsv.keeper.recording import Recording
from obsv.keeper.rings import Rings
from obsv.keeper.storing import Storing
from obsv.own_time import unix_ns
from obsv.store import RecorderRow, Writer
from obsv.store.writing import Upkeep as Limiting
from obsv.trace.notices import Notices
from obsv.trace.schedule import Schedule

_REPORT_S = 1.0
# Running calls that are named where the ribbon shows how many there are.
_OLDEST = 5
_RETAIN_S = 1.0
# How late calls may be stored before that is said.
_LATE_NS = 2_000_000_000


class Upkeep:
    """Regular work.

    Args:
        writer: of the database.
        rings: of those who record.
        storing: writes batches.
    """

    def __init__(self, writer: Writer, rings: Rings, storing: Storing) -> None:
        self._writer, self._rings, self._storing = writer, rings, storing
        self._limiting = Limiting(writer)
        self._host = socket.gethostname()
        self._schedule = Schedule(Notices())
        self._schedule.every(_REPORT_S, self.report)
        self._schedule.every(_RETAIN_S, self.retain)

    def run_due(self) -> None:
        """Do what is due.

        Raises:
            StoreError: the limits that somebody chose cannot be told to the store now.
        """
        if self._rings.limits:
            self._writer.limit(**self._rings.limits)
            self._rings.limits = {}
        self._schedule.run_due()

    def report(self) -> None:
        """Store what is known of each recording process, in place of what was before."""
        with suppress(StoreError):  # who stores calls says it
            for recording in list(self._rings.recordings.values()):
                self.report_on(recording)

    def report_on(self, recording: Recording, *, ended: bool = False) -> None:
        """Store what is known of one recording process; for the last time when all of its ring is stored.

        Args:
            recording: the process's records.
            ended: it had said that it would record nothing more, so it is not missed.

        Raises:
            StoreError: the database cannot be written now.
        """
        about = recording.reader.about
        about.lost = sum(loss.calls or 0 for loss in self._writer.losses if loss.at_ns >= about.created)
        is_behind = recording.lag_ns > _LATE_NS
        # The keys of `obsv.stats()`, as far as a keeper knows them.
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
        """Do a chunk of what keeps the file within its limits; returns when to do the next, None for the usual time."""
        with suppress(StoreError):  # likewise
            return self._retain()
        return None

    def _retain(self) -> float | None:
        # A server that only shows what was recorded yesterday deletes none of it by a limit that nobody chose.
        self._limiting.by_default = self._writer.has_written
        pause_s = self._limiting.step()
        return pause_s if pause_s < _RETAIN_S else None
