"""Conversion of our own spans to rows of the store: the writer thread's cost of a call."""

from collections.abc import Iterable
from json.encoder import encode_basestring as quote
from typing import Any

from opentelemetry.sdk.resources import Resource

from obsv import semconv
from obsv.capture import EXACT, MASK, SHORTEST, render
from obsv.conventions import direction
from obsv.exporters.plain import detail_of, encode, source_of, stored, valid
from obsv.probability import threshold_of, whole, with_threshold
from obsv.store.ground import Code, Signature, Source, SpanRow, Weight, by_trace_state, counted, sampled
from obsv.trace.clock import clock
from obsv.trace.details import Details
from obsv.trace.function import Function
from obsv.trace.sampling import OT
from obsv.trace.span import ABSENT, ERROR, Origin, Span
from obsv.wire.clean import Cleaner

Field = tuple[str, str]

# Limit for shapes of one function: results of different types, keyword arguments, locals and manually set attributes.
_MAX_SHAPES = 1_000
_MAX_SOURCES = 100
# Types whose `repr` is stored.
_PLAIN = frozenset((str, int, float, bool, type(None)))

_new_row: Any = tuple.__new__


class LeanRows:
    """A converter that keeps the shared parts of rows: one signature per function and shape, one source per resource.

    Signatures are attached to the functions themselves, so they are deleted with them.

    Args:
        cleaner: masks and limits manually set attributes.
    """

    def __init__(self, cleaner: Cleaner) -> None:
        self._cleaner = cleaner
        self._sources: dict[int, tuple[Resource, Source]] = {}
        self._latest: tuple[Resource, Source] | None = None

    def row(self, span: Span) -> SpanRow:
        """Return the row of an ended span."""
        function, details, failure, result = span.function, span.details, span.failure, span.result
        source = self.source(span.origin)
        cpu_ns = memory_bytes = exception = detail = exact = weight = None
        duration_ns = span.end_tick - span.start_tick
        if details is None and failure is None and not function.has_keywords:
            texts = texts_of(function, span.inputs if result is ABSENT else (*span.inputs, result))
            shape: bool | tuple[Field, ...] = result is not ABSENT
        else:
            shape, texts = self._values(span)
            if details is not None or failure is not None:
                detail = detail_of(span, self._cleaner)
            if failure is not None:
                exception = valid(failure.text(function.redactor.redact_text, span.end_tick + clock.offset))
            if details is not None:
                cpu_ns, memory_bytes = details.cpu_ns, details.memory_bytes
                exact = details.exact or exact_texts(function, details.inputs or ())
                weight = counted(details.attributes)
        if weight is None and span.status_code != ERROR and (details is not None or function.sample_rate < 1.0):
            weight, detail = _weight(span, duration_ns, detail)
        caller, parent_id, start = span.caller, span.parent_id, span.start_tick
        # A named tuple's own constructor takes twice as long.
        row: SpanRow = _new_row(
            SpanRow,
            (
                function.memo.get((source, shape)) or signature_of(function, source, shape),
                source,
                span.trace_id.to_bytes(16, "big"),
                span.span_id.to_bytes(8, "big"),
                parent_id.to_bytes(8, "big") if parent_id else None,
                None if caller is None else caller.memo.get((source, True)) or signature_of(caller, source, True),
                start + clock.offset,
                duration_ns,
                span.thread,
                span.status_code,
                span.depth,
                f"[{','.join(texts)}]",
                cpu_ns,
                memory_bytes,
                exception,
                detail,
                exact,
                weight,
            ),
        )
        return row

    def source(self, origin: Origin) -> Source:
        """Return the stored form of an origin."""
        resource, latest = origin.resource, self._latest
        if latest is not None and latest[0] is resource:
            return latest[1]
        known = self._sources.get(id(resource))
        if known is None or known[0] is not resource:
            if len(self._sources) >= _MAX_SOURCES:
                self._sources.clear()
            source = source_of(resource, origin.scope, self._cleaner)
            known = self._sources[id(resource)] = (resource, source)
        self._latest = known
        return known[1]

    def _values(self, span: Span) -> tuple[tuple[Field, ...], list[str]]:
        """Return names, directions and JSON of all values of a span, including rare ones."""
        function, limit, redact = span.function, span.function.max_repr, span.function.redactor.redact_value
        fields, texts = [], []

        def add(name: str, data_type: str, json_text: str) -> None:
            fields.append((valid(name), data_type))
            texts.append(json_text)

        for name, value in span.input_values():
            add(name, semconv.INPUT, quote(redact(render(value, limit))))
        if span.result is not ABSENT:
            add(
                function.output or semconv.RETURN,
                semconv.OUTPUT,
                quote(redact(render(function.shown_result(span.result), limit))),
            )
        if span.failure is not None and span.failure.locals:
            for name, text in span.failure.locals.items():
                add(semconv.LOCAL_PREFIX + name, semconv.OUTPUT, quote(redact(text)))
        if span.details is not None:
            self._add_attributes(span.details, add)
        return tuple(fields), texts

    def _add_attributes(self, details: Details, add: Any) -> None:
        for name, value in details.attributes.items():
            add(
                name,
                direction(name),
                encode(MASK if self._cleaner.is_secret(name) else self._cleaner.masked(stored(value))),
            )


def _weight(span: Span, duration_ns: int, detail: str | None) -> tuple[Weight | None, str | None]:
    """Return the number of calls that a sampled one stands for, and the detail with it."""
    state = span.context.trace_state.to_header()
    weight = by_trace_state(state, span.span_id.to_bytes(8, "big"), duration_ns)
    return weight, encode({"traceState": state}) if weight is not None and detail is None else detail


def weight_of(function: Function, span_id: bytes, duration_ns: int) -> tuple[Weight, str]:
    """Return the same for a call with only arguments and a result, by the rate of its function."""
    own = with_threshold("", threshold_of(function.sample_rate))
    calls = whole(1.0 / function.sample_rate, span_id)
    return sampled(calls, duration_ns), encode({"traceState": f"{OT}={own}"})


def texts_of(function: Function, values: Iterable[Any]) -> list[str]:
    """Return frozen values of a call (the arguments, then the result, if any) as JSON texts with secrets masked."""
    texts, limit, redact = [], function.max_repr, function.redactor.redact_value
    for value in values:
        # The work of `render` for nearly all values, without a call.
        kind = type(value)
        text = repr(value) if kind in _PLAIN else ""
        if not 0 < len(text) <= limit:
            text = render(value, limit)
        texts.append(quote(redact(text) if len(text) >= SHORTEST and kind is not float else text))
    if function.hides_result and len(texts) > len(function.inputs):
        texts[-1] = quote(render(function.shown_result(value), limit))
    return texts


def exact_texts(function: Function, inputs: tuple[tuple[str, Any], ...]) -> str | None:
    """Return the exact inputs of a failing call as a JSON object of their texts, with secrets masked; None of none."""
    if not inputs:
        return None
    redact = function.redactor.redact_value
    return encode({valid(name): redact(render(value, EXACT.max_repr)) for name, value in inputs})


def signature_of(function: Function, source: Source, shape: bool | tuple[Field, ...]) -> Signature:
    """Return the signature of a function's spans.

    Args:
        shape: whether there is a result, for spans with only arguments and a result; otherwise the fields.
    """
    key = (source, shape)
    signature: Signature | None = function.memo.get(key)
    if signature is None:
        if len(function.memo) >= _MAX_SHAPES:
            function.memo.clear()
        fields = shape if isinstance(shape, tuple) else _usual_fields(function, has_result=shape)
        code = function.code
        signature = function.memo[key] = Signature(
            source.service,
            function.name,
            function.process_group,
            1,
            fields,
            None if code is None else Code(*map_valid(code)),
            function.feed,
        )
    return signature


def _usual_fields(function: Function, *, has_result: bool) -> tuple[Field, ...]:
    fields = tuple((name, semconv.INPUT) for name in function.inputs)
    return (*fields, (function.output, semconv.OUTPUT)) if has_result and function.output else fields


def map_valid(code: Any) -> tuple[str, int, str]:
    """Return a function's location and source in valid UTF-8."""
    return valid(code.file_path), code.line_number, valid(code.source_text)
