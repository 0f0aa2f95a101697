"""Input of the store: one `SpanRow` per call, independent of any tracing library."""

from __future__ import annotations

from typing import NamedTuple

from obsv.store.ground.weights import Weight


class Code(NamedTuple):
    """Location and source of a monitored function when it ran.

    Args:
        file_path: path of the file, as the interpreter knows it.
        line_number: first line, counted from 1.
        source_text: the function's source.
    """

    file_path: str
    line_number: int
    source_text: str


class Signature:
    """The data shared by all calls of one shape. Compared by identity: create one per function and shape and reuse it.

    Args:
        service: resource attribute `service.name`.
        name: `module.qualname`, or a foreign span's name.
        process_group: the group under which the process is shown.
        kind: OTLP SpanKind, 1 (internal) to 5 (consumer).
        fields: `(name, "INPUT" | "OUTPUT")` of each value in `SpanRow.data`, in its order.
        code: location of the function; None if unknown.
        feed: name of the data feed that these calls update; None for an ordinary function.
    """

    __slots__ = ("code", "feed", "fields", "kind", "name", "process_group", "service")

    def __init__(
        self,
        service: str,
        name: str,
        process_group: str,
        kind: int,
        fields: tuple[tuple[str, str], ...],
        code: Code | None = None,
        feed: str | None = None,
    ) -> None:
        self.service = service
        self.name = name
        self.process_group = process_group
        self.kind = kind
        self.fields = fields
        self.code = code
        self.feed = feed

    def __repr__(self) -> str:
        return f"Signature({self.name!r}, {self.fields!r})"


class Source:
    """The origin of a span: resource and instrumentation scope. Compared by identity: create one and reuse it.

    Args:
        service: resource attribute `service.name`.
        resource: OTLP JSON text `{"attributes": [KeyValue…], "schemaUrl": …}`.
        scope: OTLP JSON text `{"name", "version", "attributes": [KeyValue…], "schemaUrl"}`.
        received: whether it came from outside, over OTLP or in a file, so that its data cannot be trusted.
    """

    __slots__ = ("received", "resource", "scope", "service")

    def __init__(self, service: str, resource: str = "{}", scope: str = "{}", received: bool = False) -> None:
        self.service = service
        self.resource = resource
        self.scope = scope
        self.received = received

    def __repr__(self) -> str:
        return f"Source({self.service!r})"


class SpanRow(NamedTuple):
    """One call.

    Args:
        signature: the called function.
        source: the origin of the span.
        trace_id: 16 bytes.
        span_id: 8 bytes.
        parent_span_id: 8 bytes; None for a root.
        parent: the caller's signature, if known; None with a `parent_span_id` lets the store find it.
        start_ns: Unix time.
        duration_ns: never negative.
        thread: `(thread.id, thread.name)`.
        status: OTLP StatusCode: 0 unset, 1 ok, 2 error.
        depth: 0 for a root.
        data: JSON array, one value per field of the signature; compact (no spaces) is the fast form.
        cpu_ns: CPU time of the call; None if not measured.
        memory_bytes: memory growth of the call; None if not measured.
        exception: full traceback, redacted.
        detail: JSON object, absent when empty: statusMessage, events, links, traceState, flags, dropped…Count,
            startTimeUnixNano as sent if it was invalid, endTimeUnixNano if the span had not ended.
        exact: inputs of a failing call: pickled, or as a JSON object of their exact texts.
        weight: its contribution to the rollups if it stands for several calls; None for a single call.
    """

    signature: Signature
    source: Source
    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes | None
    parent: Signature | None
    start_ns: int
    duration_ns: int
    thread: tuple[int, str] | None
    status: int
    depth: int
    data: str
    cpu_ns: int | None = None
    memory_bytes: int | None = None
    exception: str | None = None
    detail: str | None = None
    exact: bytes | str | None = None
    weight: Weight | None = None


def is_without_start(detail: str | None) -> bool:
    """Return whether a row's start differs from the one sent."""
    return detail is not None and '"startTimeUnixNano":"' in detail


def is_unfinished(detail: str | None) -> bool:
    """Return whether a row's span had not ended when it was sent."""
    return detail is not None and '"endTimeUnixNano":"' in detail


class LogRow(NamedTuple):
    """One log record, as OpenTelemetry's log data model has it; an event is one with a name.

    Args:
        source: the resource and scope that it comes from; the scope's name is the logger's.
        time_ns: Unix time, when it happened.
        severity: SeverityNumber, 1 (TRACE) to 24 (FATAL4); 0 where none was given.
        severity_text: the sender's own word for it.
        event_name: identifies the kind of event; empty for a plain log record.
        body: JSON of the body, in stored form.
        attributes: JSON object of the attributes, in stored form.
        trace_id: 16 bytes, empty outside any trace.
        span_id: 8 bytes, empty outside any span.
        process: name of the recorded call in which it was made; empty where there was none.
        thread: name of the thread; empty where it is not known.
    """

    source: Source
    time_ns: int
    severity: int
    severity_text: str
    event_name: str
    body: str
    attributes: str
    trace_id: bytes = b""
    span_id: bytes = b""
    process: str = ""
    thread: str = ""


class RecorderRow(NamedTuple):
    """A report of a recording process.

    Args:
        id: `service.instance.id`, or `host:pid:start`.
        service: the resource attribute `service.name`.
        pid: process ID.
        host: host name.
        started_ns: when the process began to record, Unix time.
        updated_ns: time of this report, Unix time.
        state: `OK`, `DELAYED` or `CIRCUIT OPEN`.
        stats: JSON object, the result of `obsv.stats()`.
    """

    id: str
    service: str
    pid: int
    host: str
    started_ns: int
    updated_ns: int
    state: str
    stats: str


class RingProgress(NamedTuple):
    """The read positions of a recording process's records; written in the transaction that stores them.

    Args:
        ring: name of the process's ring.
        calls: position in its calls.
        errors: position in its errors.
        stored: number of rows made from them so far.
        unreadable: records that could not be converted to rows.
        open_at: position in its calls for which `open` is valid; None leaves the stored value.
        open: the begin records of calls that had not ended there.
    """

    ring: str
    calls: int
    errors: int
    stored: int
    unreadable: int
    open_at: int | None = None
    open: bytes | None = None


class WriteResult(NamedTuple):
    """Numbers of rows of a batch that were stored, and that were already present."""

    inserted: int
    duplicates: int
