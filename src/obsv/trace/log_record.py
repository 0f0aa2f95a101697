"""A log record on its way into the ring: OpenTelemetry's log data model, its values frozen."""

from typing import Any, NamedTuple

from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from obsv.trace.function import Function

ERROR = 17
"""The least SeverityNumber of an error."""


class LogRecord(NamedTuple):
    """A log record; an event is one with a name.

    Args:
        scope: stands for its logger; the same object for the same logger.
        time_ns: Unix time.
        severity: SeverityNumber, 1 (TRACE) to 24 (FATAL4).
        severity_text: the program's own word for it.
        event_name: identifies the kind of event; empty for a plain log record.
        body: frozen.
        attributes: names and frozen values.
        trace_id, span_id: of the current span, 0 outside any.
        function: the recorded function in which it was made; None outside any.
        thread: id and name of the thread.
        words: by which secrets in its texts are known, `(own, defaults)`; None for the defaults alone.
        is_kept: it has the lane of errors, which nothing is dropped from, whatever its severity: a decision.
    """

    scope: InstrumentationScope
    time_ns: int
    severity: int
    severity_text: str
    event_name: str
    body: Any
    attributes: tuple[tuple[str, Any], ...]
    trace_id: int
    span_id: int
    function: Function | None
    thread: tuple[int, str]
    words: tuple[tuple[str, ...], bool] | None = None
    is_kept: bool = False
