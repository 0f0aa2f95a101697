"""What a recording process does besides writing spans: says how it is, keeps the file small, follows the clock."""

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
from obsv.store.writing import Writer
from obsv.trace.clock import clock
from obsv.trace.processor import ErrorFirstSpanProcessor
from obsv.trace.recording import recording

_REPORT_S = 1.0
_RETAIN_S = 30.0
# Between two chunks of one clean-up, which hold the file for about 10 ms: at first, and when there is no end of it. A
# program that records 20,000 calls/s must also be rid of as many.
_CHUNK_S = 0.1
_CHUNK_LEAST_S = 0.01
_HASTE = 0.95


class Housekeeping:
    """Regular work on the worker's thread.

    Args:
        writer: the store.
        processor: runs this, and is what is reported on.
        settings: how long calls are kept.
        resource: who records.
    """

    def __init__(
        self, writer: Writer, processor: ErrorFirstSpanProcessor, settings: Settings, resource: Resource
    ) -> None:
        self._writer, self._processor, self._settings = writer, processor, settings
        self._service = str(resource.attributes.get(semconv.SERVICE_NAME, "unknown_service"))
        self._started_ns = unix_ns()
        self._pause_s = _CHUNK_S
        processor.every(_REPORT_S, self._report)
        processor.every(_RETAIN_S, self._retain)
        processor.at_end(self._report)

    def _report(self) -> None:
        clock.calibrate()
        if recording.queue_warning_threshold is not None:
            self._processor.queue_warning_threshold = recording.queue_warning_threshold
        stats = self._processor.stats()
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
        settings = self._settings
        max_age_ns = None if settings.retention_s is None else int(settings.retention_s * 1e9)
        with suppress(StoreError):  # likewise
            if self._writer.retain(unix_ns(), max_age_ns=max_age_ns, max_bytes=settings.max_bytes).more:
                self._pause_s = max(_CHUNK_LEAST_S, _HASTE * self._pause_s)
                return self._pause_s
        self._pause_s = _CHUNK_S
        return None
