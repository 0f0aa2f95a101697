"""What a recording process does besides writing spans: says how it is, keeps the store's limits, follows the clock."""

import json
import os
import socket
from contextlib import suppress

from opentelemetry.sdk.resources import Resource

from obsv import semconv
from obsv.config import Settings
from obsv.errors import StoreError
from obsv.own_time import unix_ns
from obsv.store.ground import RecorderRow
from obsv.store.writing import Upkeep, Writer
from obsv.trace.clock import clock
from obsv.trace.processor import ErrorFirstSpanProcessor
from obsv.trace.recording import recording

_REPORT_S = 1.0
# A program of a few seconds keeps the store, too: soon after its start, and at its end for so long at most.
_RETAIN_S = 1.0
_RETAIN_AT_END_S = 1.0


class Housekeeping:
    """Regular work on the worker's thread.

    Args:
        writer: the store.
        processor: runs this, and is what is reported on.
        settings: the limits that somebody chose for the store.
        resource: who records.
    """

    def __init__(
        self, writer: Writer, processor: ErrorFirstSpanProcessor, settings: Settings, resource: Resource
    ) -> None:
        self._writer, self._processor = writer, processor
        self._limits = settings.limit_changes()
        self._upkeep = Upkeep(writer)
        self._service = str(resource.attributes.get(semconv.SERVICE_NAME, "unknown_service"))
        self._started_ns = unix_ns()
        processor.every(_REPORT_S, self._report)
        processor.every(_RETAIN_S, self._retain)
        processor.at_end(self._end)

    def _report(self, *, ended: bool = False) -> None:
        clock.calibrate()
        if recording.queue_warning_threshold is not None:
            self._processor.queue_warning_threshold = recording.queue_warning_threshold
        # Who ended in order is not missed.
        stats = {**self._processor.stats(), **({"ended": True} if ended else {})}
        pid, host = os.getpid(), socket.gethostname()
        with suppress(StoreError):  # the exporter says it
            self._writer.report(
                RecorderRow(
                    id=f"{host}:{pid}:{self._started_ns}",
                    service=self._service,
                    pid=pid,
                    host=host,
                    started_ns=self._started_ns,
                    updated_ns=unix_ns(),
                    state=stats["state"],
                    stats=json.dumps(stats),
                )
            )

    def _retain(self) -> float | None:
        self._limit()
        pause_s = self._upkeep.step()
        return pause_s if pause_s < _RETAIN_S and not self._limits else None

    def _limit(self) -> None:
        """Tell the store the limits that were chosen for it, once it can be written."""
        if self._limits:
            with suppress(StoreError):  # likewise
                self._writer.limit(**self._limits)
                self._limits = {}

    def _end(self) -> None:
        self._report(ended=True)
        self._limit()
        self._upkeep.finish(_RETAIN_AT_END_S)
