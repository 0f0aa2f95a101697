"""Conversion of spans of other instrumentation to rows of the store, by the same rules as spans received over OTLP."""

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from obsv.exporters.plain import flags_of, rare_parts, source_of, stored, valid
from obsv.store.ground import Source, SpanRow
from obsv.wire.rowmaker import RowMaker, SpanParts

_MAX_SOURCES = 1_000


class ForeignRows:
    """A converter of any `ReadableSpan` to a row.

    Args:
        maker: the rules.
    """

    def __init__(self, maker: RowMaker) -> None:
        self._maker = maker
        self._sources: dict[tuple[int, int], tuple[Resource, InstrumentationScope | None, Source]] = {}

    def row(self, span: ReadableSpan) -> SpanRow | None:
        """Return the row of an ended span; None if its IDs are invalid."""
        context, parent, scope = span.context, span.parent, span.instrumentation_scope
        if context is None:
            return None
        attributes = span.attributes or {}
        start_ns = span.start_time or 0
        return self._maker.row(
            SpanParts(
                source=self._source(span.resource, scope),
                scope="" if scope is None else scope.name,
                trace_id=context.trace_id.to_bytes(16, "big"),
                span_id=context.span_id.to_bytes(8, "big"),
                parent_span_id=b"" if parent is None else parent.span_id.to_bytes(8, "big"),
                name=valid(str(span.name)),
                # OTLP counts from 1, OpenTelemetry's Python API from 0.
                kind=span.kind.value + 1,
                start_ns=start_ns,
                end_ns=span.end_time or start_ns,
                status=span.status.status_code.value,
                flags=flags_of(span),
                keys=tuple(map(valid, attributes)),
                values=[stored(value) for value in attributes.values()],
                rare=rare_parts(span) or None,
            )
        )

    def _source(self, resource: Resource, scope: InstrumentationScope | None) -> Source:
        key = (id(resource), id(scope))
        known = self._sources.get(key)
        if known is None or known[0] is not resource or known[1] is not scope:
            if len(self._sources) >= _MAX_SOURCES:
                self._sources.clear()
            known = self._sources[key] = (resource, scope, source_of(resource, scope, self._maker.cleaner))
        return known[2]
