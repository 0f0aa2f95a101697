"""One recorded call with all its data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from obsv.errors import NotFound
from obsv.store.file import Readable
from obsv.store.ground import Code, machine_mark, read_detail, read_fields, read_object, read_values
from obsv.store.spans.stored import SPANS, StoredSpan

ERROR = 2

BY_SPAN = SPANS + "where s.trace = ? and s.span_id = ?"
# Usually an error is looked up by its span ID alone, and errors are few; other calls take a walk through one index.
TRACE_OF_ERROR = "select trace from span indexed by span_errors where status = 2 and span_id = ? limit 1"
TRACE_OF_SPAN = "select trace from span indexed by span_by_trace where span_id = ? limit 1"
HAS_EXACT = "select 1 from exact_input where trace_id = ? and span_id = ?"
# All columns, because files of the first schema version have no origin.
SOURCE = "select o.* from span s join source o on o.id = s.source_id where s.trace = ? and s.span_id = ?"
EXACT = "select pickle from exact_input where trace_id = ? and span_id = ?"


class Value(NamedTuple):
    """A variable of a call.

    Attributes:
        name: name of the argument, result, local variable or attribute.
        data_type: INPUT or OUTPUT.
        value: text for obsv's own spans; any JSON for an attribute of another program's span.
    """

    name: str
    data_type: str
    value: Any

    @property
    def text(self) -> str:
        """Return the value as shown in `data_trace`: the text itself, or JSON."""
        if isinstance(self.value, str):
            return self.value
        return "" if self.value is None else json.dumps(self.value, separators=(",", ":"), ensure_ascii=False)


class Call(NamedTuple):
    """A complete call. Times are Unix time and durations in ns; IDs are lower-case hex.

    Attributes:
        id: key of its row; later calls have greater ones.
        status: OTLP StatusCode: 0 unset, 1 ok, 2 error.
        code: the function at the time of the call; None if unknown.
        detail: rare parts under their OTLP names: `statusMessage`, `events`, `links` and others.
        values: in the order of the signature.
        resource: resource as OTLP JSON text.
        scope: instrumentation scope as OTLP JSON text.
        has_exact: whether its exact inputs were kept.
        received: whether it was not recorded on this machine, so that its data cannot be trusted.
    """

    id: int
    trace_id: str
    span_id: str
    parent_span_id: str | None
    start_ns: int
    duration_ns: int
    status: int
    depth: int
    process: str
    service: str
    process_group: str
    kind: int
    feed: str | None
    thread_id: int | None
    thread_name: str | None
    cpu_ns: int | None
    memory_bytes: int | None
    exception: str | None
    detail: dict[str, Any]
    values: tuple[Value, ...]
    code: Code | None
    resource: str
    scope: str
    has_exact: bool
    received: bool

    @property
    def failed(self) -> bool:
        """Return whether it ended in an error."""
        return self.status == ERROR

    @property
    def inputs(self) -> list[Value]:
        """Return the inputs."""
        return [value for value in self.values if value.data_type == "INPUT"]

    @property
    def outputs(self) -> list[Value]:
        """Return the outputs."""
        return [value for value in self.values if value.data_type == "OUTPUT"]


def hex_id(text: str, length: int) -> str:
    """Return an ID as stored: lower case, with omitted leading zeros restored.

    Args:
        text: hex digits.
        length: length of the ID: 32 for a trace, 16 for a span.

    Raises:
        NotFound: the text is not an ID.
    """
    text = text.strip().lower()
    if not 0 < len(text) <= length or not set(text) <= set("0123456789abcdef"):
        raise NotFound(
            f"{text[:80]!r} is not a {'trace' if length == 32 else 'span'} ID: expected up to {length} hex digits."
        )
    return text.zfill(length)


def read_call(store: Readable, trace_id: str, span_id: str) -> Call:
    """Return a call by its IDs in hex.

    Raises:
        NotFound: there is no such call.
    """
    trace, span = hex_id(trace_id, 32), hex_id(span_id, 16)
    row = store.one(BY_SPAN, (trace, bytes.fromhex(span)))
    if row is None:
        raise NotFound(f"There is no span {span} in trace {trace}.")
    stored = StoredSpan._make(row)
    kept = store.one(HAS_EXACT, (stored.trace_id, stored.span_id))
    return to_call(stored, kept is not None, _is_received(store, (trace, bytes.fromhex(span))))


def _is_received(store: Readable, key: tuple[str, bytes]) -> bool:
    source = store.one(SOURCE, key)
    return source is None or "origin" not in source.keys() or source["origin"] != machine_mark()  # noqa: SIM118


def find_call(store: Readable, span_id: str) -> Call:
    """Return a call by its span ID alone: errors first, then a walk through the index (0.2 s per million calls).

    Raises:
        NotFound: there is no such call.
    """
    key = bytes.fromhex(hex_id(span_id, 16))
    found = store.one(TRACE_OF_ERROR, (key,)) or store.one(TRACE_OF_SPAN, (key,))
    if found is None:
        raise NotFound(f"There is no span {key.hex()} in the store.")
    return read_call(store, found["trace"], key.hex())


def read_exact(store: Readable, call: Call) -> bytes | dict[str, str] | None:
    """Return what was kept of a failing call's inputs beside its values; None if nothing was.

    Returns:
        Bytes: `(args, kwargs)`, pickled, which are not loaded here. A dict: exact texts by the names of inputs.
    """
    row = store.one(EXACT, (bytes.fromhex(call.trace_id), bytes.fromhex(call.span_id)))
    if row is None:
        return None
    kept = row["pickle"]
    if isinstance(kept, bytes):
        return kept
    return {str(name): str(text) for name, text in read_object(kept).items()}


def exact_texts(store: Readable, spans: Sequence[StoredSpan]) -> dict[tuple[bytes, bytes], dict[str, str]]:
    """Return the exact texts of the inputs of failing calls among some spans, by trace and span; no pickled ones."""
    found = {}
    for span in spans:
        row = store.one(EXACT, (span.trace_id, span.span_id)) if span.status == ERROR else None
        if row is not None and isinstance(row["pickle"], str):
            texts = read_object(row["pickle"])
            found[span.trace_id, span.span_id] = {str(name): str(text) for name, text in texts.items()}
    return found


def to_call(span: StoredSpan, has_exact: bool = False, received: bool = True) -> Call:
    """Return the call of a stored span, with its JSON parsed."""
    same = {name: getattr(span, name) for name in _SAME}
    values = zip(read_fields(span.fields), read_values(span.data), strict=False)
    known = span.file_path is not None and span.line_number is not None
    return Call(
        **same,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_span_id=span.parent_span_id.hex() if span.parent_span_id else None,
        process=span.name,
        detail=read_detail(span.detail),
        values=tuple(Value(name, data_type, value) for (name, data_type), value in values),
        code=Code(span.file_path or "", span.line_number or 0, span.source_text or "") if known else None,
        has_exact=has_exact,
        received=received,
    )


_SAME = tuple(sorted(set(Call._fields) & set(StoredSpan._fields) - {"trace_id", "span_id", "parent_span_id", "detail"}))
