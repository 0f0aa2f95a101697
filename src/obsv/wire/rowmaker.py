"""Rows from received spans: the rules for any encoding. docs/connect.md lists them."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from obsv import semconv
from obsv.probability import whole
from obsv.store.ground import LogRow, PointRow, Signature, Source, SpanRow, Weight, by_trace_state, counted, sampled
from obsv.wire.clean import MASK, NO_NUL, Cleaner, Secrets, count
from obsv.wire.detail import USUAL_FLAGS, detail, fitted
from obsv.wire.limits import DEFAULT_LIMITS, INT64_MAX, Limits, clip, clip_name
from obsv.wire.plan import Cache, Plan, Resource, Shape, make_plan, resource_of, signature_of

# A NUL in JSON, and a text that has these six characters after a backslash.
NUL_ESCAPE = "\\u0000"
NO_TRACE, NO_SPAN = bytes(16), bytes(8)
# Keys or a resource up to this length are worth caching.
KEPT_CHARS = 20_000
SIGNATURE_KEYS = (
    semconv.PROCESS_GROUP,
    semconv.FEED,
    semconv.CODE_FILE_PATH,
    semconv.CODE_LINE_NUMBER,
    semconv.CODE_SOURCE_TEXT,
)
THREAD_NAME_CHARS = 200
_LONG = (semconv.CODE_SOURCE_TEXT, semconv.EXACT_INPUTS)
# The kind that the specification lets a receiver assume for an unspecified one.
INTERNAL = 1
_ERROR = 2
_NO_COLUMNS: dict[str, Any] = {}
PLANS, SIGNATURES, SOURCES, FLAGS = 4_096, 4_096, 1_024, 64
BAD_IDS = "spans without a trace ID of 16 bytes or a span ID of 8 bytes, or with an ID of zeros"

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Decoded(NamedTuple):
    """A decoded request.

    Args:
        rows: calls to be stored.
        rejected: how many spans, log records or data points were turned away, by reason.
        logs: log records to be stored.
        odd: how many parts of what is stored were left out, as they have the wrong type.
        points: data points of metrics to be stored.
    """

    rows: list[SpanRow]
    rejected: Counter[str]
    logs: Sequence[LogRow] = ()
    odd: int = 0
    points: Sequence[PointRow] = ()

    @classmethod
    def joined(cls, slices: Iterable["Decoded"]) -> "Decoded":
        """All slices of a request in one."""
        rows: list[SpanRow] = []
        rejected: Counter[str] = Counter()
        logs: list[LogRow] = []
        points: list[PointRow] = []
        odd = 0
        for each in slices:
            rows += each.rows
            logs += each.logs
            points += each.points
            rejected.update(each.rejected)
            odd += each.odd
        return cls(rows, rejected, logs or (), odd, points or ())


class SpanParts(NamedTuple):
    """A span as read from either encoding.

    Args:
        source: its resource and scope.
        scope: the scope's name.
        keys: keys of its attributes.
        values: values of its attributes, in stored form.
        rare: OTLP JSON of the rare parts; None if there are none.
    """

    source: Source
    scope: str
    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    name: str
    kind: int
    start_ns: int
    end_ns: int
    status: int
    flags: int
    keys: tuple[str, ...]
    values: list[Any]
    rare: dict[str, Any] | None


class RowMaker:
    """A converter that remembers data shared by spans. For one thread at a time.

    Args:
        secrets: decides which names are masked; None masks nothing.
        limits: limits of a span.
    """

    def __init__(self, secrets: Secrets | None = None, limits: Limits = DEFAULT_LIMITS) -> None:
        self.limits = limits
        self.cleaner = Cleaner(limits, secrets)
        self._plans: Cache[Shape, Plan] = Cache(PLANS)
        self._signatures: Cache[tuple[Any, ...], Signature] = Cache(SIGNATURES)
        self._sources: Cache[tuple[bytes, ...], Source] = Cache(SOURCES)
        self.arrive(time.time_ns())
        self._usual: dict[int, str | None] = {USUAL_FLAGS: None}

    def arrive(self, now_ns: int) -> None:
        """Set when the request arrived: Unix time in nanoseconds."""
        self.now_ns = now_ns
        self.latest_ns = min(now_ns + self.limits.future_ns, INT64_MAX)

    def known_source(self, key: tuple[bytes, ...]) -> Source | None:
        """Return the source created from these bytes."""
        return self._sources.get(key)

    def resource(self, resource: dict[str, Any]) -> Resource:
        """Return an OTLP JSON resource with its `schemaUrl`; to be created once for all its scopes, because it may be
        huge.
        """
        return resource_of(self._origin(resource), encode)

    def source(self, key: tuple[bytes, ...], resource: Resource, scope: dict[str, Any]) -> Source:
        """Return the source of a resource and an OTLP JSON scope with its `schemaUrl`."""
        made = Source(*resource, encode(self._origin(scope)), received=True)
        # A huge one is created again each time rather than kept a thousand times.
        return self._sources.put(key, made) if sum(map(len, key)) <= KEPT_CHARS else made

    def _origin(self, origin: dict[str, Any]) -> dict[str, Any]:
        names = {key: self.cleaner.name(origin[key]) for key in ("name", "version", "schemaUrl") if origin.get(key)}
        return names | fitted(self.cleaner.attributes(origin), self.limits.value_chars)

    def row(self, parts: SpanParts) -> SpanRow | None:
        """Return the row of a span; None if its IDs are invalid."""
        trace_id, span_id = parts.trace_id, parts.span_id
        if len(trace_id) != 16 or len(span_id) != 8 or trace_id == NO_TRACE or span_id == NO_SPAN:
            return None
        if self._is_odd(parts):
            parts = self._tame(parts)
        parent_span_id = parts.parent_span_id
        shape = Shape(
            parts.source.service, parts.scope, parts.name, parts.kind if 0 < parts.kind < 6 else INTERNAL, parts.keys
        )
        plan = self._plans.get(shape) or self._plan(shape)
        weight = counted(dict(zip(parts.keys, parts.values, strict=False))) if plan.is_counted else None
        values = self._masked(parts.values, plan)
        signature, columns = plan.signature, _NO_COLUMNS
        if signature is None:
            columns = {key: self._column(key, values[i]) for i, key in plan.taken}
            values = [values[i] for i in plan.kept]
            signature = self._signature(shape, plan, columns)
        data = encode(values)
        if NUL_ESCAPE in data:
            values = [value.replace("\0", NO_NUL) if isinstance(value, str) else value for value in values]
            data = encode(values)
        if len(data) > self.limits.value_chars:
            data = self._shrink(values)
        rare, exception = self._rare(parts)
        duration_ns = max(min(parts.end_ns, INT64_MAX) - parts.start_ns, 0)
        if weight is None and (parts.rare or columns):
            weight = _weight(parts, columns, duration_ns)
        return SpanRow(
            signature=signature,
            source=parts.source,
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=None if parent_span_id in (b"", NO_SPAN, span_id) else parent_span_id,
            parent=None,
            start_ns=parts.start_ns,
            duration_ns=duration_ns,
            thread=_thread(columns) if columns else None,
            status=parts.status if 0 <= parts.status <= 2 else 0,
            depth=0,
            data=data,
            cpu_ns=_whole(columns.get(semconv.CPU_TIME_NS)) if columns else None,
            memory_bytes=_whole(columns.get(semconv.MEMORY_GROWTH_BYTES)) if columns else None,
            exception=exception,
            detail=rare,
            exact=self._exact(columns.get(semconv.EXACT_INPUTS)) if columns and parts.status == _ERROR else None,
            weight=weight,
        )

    def _exact(self, sent: Any) -> str | None:
        """Return the exact inputs that another obsv has sent, with secrets masked; None of anything else.

        A longer text than the limit of a value has been cut, so that it is not JSON any more.
        """
        try:
            found = json.loads(sent) if isinstance(sent, str) else None
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
            return None
        kept = {
            self.cleaner.name(name): self.cleaner.masked(text)
            for name, text in found.items()
            if not self.cleaner.is_secret(name)
        }
        kept = {name: text.replace("\0", NO_NUL) for name, text in kept.items() if MASK not in text}
        return encode(kept) if kept else None

    def _masked(self, values: list[Any], plan: Plan) -> list[Any]:
        masked = self.cleaner.masked
        kept = [values[i] for i in plan.kept] if plan.taken else values
        if self.cleaner.may_mask(kept):
            for i in plan.kept:
                values[i] = masked(values[i])
        for i in plan.masked:
            values[i] = MASK
        return values

    def _plan(self, shape: Shape) -> Plan:
        plan = make_plan(shape, self.cleaner.is_secret, self.limits.name_chars)
        return self._plans.put(shape, plan) if sum(map(len, shape.keys)) <= KEPT_CHARS else plan

    def _column(self, key: str, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if key in _LONG:
            return value[: self.limits.value_chars]
        return self.cleaner.name(value)

    def _signature(self, shape: Shape, plan: Plan, columns: dict[str, Any]) -> Signature:
        texts = [repr(columns.get(key)) for key in SIGNATURE_KEYS]
        key = (shape, blake2b("\0".join(texts).encode(), digest_size=16).digest())
        found = self._signatures.get(key)
        if found is None:
            found = signature_of(shape, plan.fields, columns)
            if sum(map(len, shape.keys)) <= KEPT_CHARS:
                self._signatures.put(key, found)
        return found

    def _is_odd(self, parts: SpanParts) -> bool:
        return (
            not 0 < parts.start_ns <= self.latest_ns
            or not parts.end_ns
            or len(parts.keys) > self.limits.attributes
            or len(parts.name) > self.limits.name_chars
            or "\0" in parts.name
            or len(parts.parent_span_id) not in (0, 8)
        )

    def _tame(self, parts: SpanParts) -> SpanParts:
        limit = self.limits.attributes
        rare = dict(parts.rare or {})
        if over := len(parts.keys) - limit if len(parts.keys) > limit else 0:
            rare["droppedAttributesCount"] = count(rare.get("droppedAttributesCount")) + over
        start_ns, end_ns = parts.start_ns, parts.end_ns
        if not end_ns:
            rare["endTimeUnixNano"] = "0"
        if not 0 < start_ns <= self.latest_ns:
            duration_ns = max(end_ns - start_ns, 0) if start_ns else 0
            rare["startTimeUnixNano"] = str(start_ns)
            start_ns = end_ns if not start_ns and 0 < end_ns <= self.latest_ns else self.now_ns
            end_ns = start_ns + duration_ns
        return parts._replace(
            name=self.cleaner.name(parts.name),
            keys=parts.keys[:limit],
            values=parts.values[:limit],
            parent_span_id=parts.parent_span_id if len(parts.parent_span_id) == 8 else b"",
            start_ns=start_ns,
            end_ns=end_ns,
            rare=rare,
        )

    def _rare(self, parts: SpanParts) -> tuple[str | None, str | None]:
        if parts.rare is not None:
            return detail(parts.rare | {"flags": parts.flags}, self.cleaner)
        if parts.flags not in self._usual and len(self._usual) < FLAGS:
            self._usual[parts.flags] = detail({"flags": parts.flags}, self.cleaner)[0]
        return self._usual[parts.flags] if parts.flags in self._usual else detail({"flags": parts.flags}, self.cleaner)[
            0
        ], None

    def _shrink(self, values: list[Any]) -> str:
        shorter = [clip(value, self.limits.value_chars) if isinstance(value, str) else value for value in values]
        if len(data := encode(shorter)) <= self.limits.span_chars:
            return data
        share = self.limits.span_chars // len(values)
        return encode([_within(value, share) for value in shorter])


def _weight(parts: SpanParts, columns: dict[str, Any], duration_ns: int) -> Weight | None:
    """Return the number of calls that a span stands for, according to its sender; None for itself alone."""
    rate = columns.get(semconv.SAMPLE_RATE)
    if isinstance(rate, float) and 0.0 < rate < 1.0 and parts.status != _ERROR:
        return sampled(whole(1.0 / rate, parts.span_id), duration_ns)
    return by_trace_state((parts.rare or {}).get("traceState"), parts.span_id, duration_ns)


def _within(value: Any, chars: int) -> Any:
    text = value if isinstance(value, str) else encode(value)
    return value if len(text) <= chars else clip(text, chars)


def _thread(columns: dict[str, Any]) -> tuple[int, str] | None:
    number, name = columns.get(semconv.THREAD_ID), columns.get(semconv.THREAD_NAME)
    if number is None and name is None:
        return None
    return _whole(number) or 0, clip_name(name, THREAD_NAME_CHARS) if isinstance(name, str) else ""


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
