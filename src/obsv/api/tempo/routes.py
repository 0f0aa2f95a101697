"""Tempo's HTTP API as used by Grafana's data source, under `/tempo`. Errors are plain text, which Grafana shows."""

from __future__ import annotations

import re
import time

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from obsv.api.depends import StoreReader
from obsv.api.durations import parse_duration
from obsv.api.error_form import answering
from obsv.api.jaeger.v1 import whole_id
from obsv.api.tempo.form import search_json
from obsv.api.tempo.search import with_parameters
from obsv.api.tempo.series import instant_json, range_json, step_for
from obsv.api.traceql import Query, parse
from obsv.api.traceql.names import OFFERED, field_named
from obsv.errors import InvalidQuery, NotFound, ObsvError
from obsv.store.finding import EVERY_SPAN, Condition, fields_of
from obsv.store.ground import Range
from obsv.store.seam import Store
from obsv.store.spans import StoredTrace
from obsv.store.surveying import TagValue
from obsv.times import MAX_NS, NS, clamp_ns
from obsv.wire.encode import to_json
from obsv.wire.encode_protobuf import to_protobuf

PROTOBUF = "application/protobuf"
VERSION = "2.7.0"  # the version whose API this is
DEFAULT_TRACES, MOST_TRACES = 20, 1_000
DEFAULT_SPANS, MOST_SPANS = 3, 100
MOST_TAGS, MOST_VALUES = 5_000, 5_000
_HOUR_NS = 3_600 * 10**9


def _failed(status: int, error: ObsvError) -> PlainTextResponse:
    position = getattr(error, "position", None)
    place = "" if position is None else f"invalid TraceQL query at position {position}: "
    return PlainTextResponse(f"{place}{error}", status)


router = APIRouter(prefix="/tempo/api", route_class=answering(_failed), include_in_schema=False)


probes = APIRouter(prefix="/tempo", include_in_schema=False)


@probes.get("/ready")
def ready() -> PlainTextResponse:
    """Respond to Tempo's readiness probe."""
    return PlainTextResponse("ready")


@router.get("/echo")
def echo() -> PlainTextResponse:
    """Respond to Grafana's "Save & test"."""
    return PlainTextResponse("echo")


@router.get("/status/buildinfo")
def build_info() -> JSONResponse:
    """Return the version of Tempo's API."""
    return JSONResponse({"version": VERSION})


@router.get("/v2/traces/{trace_id}")
def get_trace(request: Request, reader: StoreReader, trace_id: str) -> Response:
    """Return one trace: as `TraceByIDResponse` in protobuf if accepted, else in JSON."""
    trace = _trace(reader, trace_id)
    if _wants_protobuf(request):
        body = _traces_data(trace)
        return Response(b"\x0a" + _varint(len(body)) + body + _note(trace), media_type=PROTOBUF)
    return JSONResponse({"trace": to_json(trace.spans)})


@router.get("/traces/{trace_id}")
def get_trace_v1(request: Request, reader: StoreReader, trace_id: str) -> Response:
    """Return one trace as `TracesData`."""
    trace = _trace(reader, trace_id)
    if _wants_protobuf(request):
        return Response(_traces_data(trace), media_type=PROTOBUF)
    return JSONResponse({"batches": to_json(trace.spans)["resourceSpans"]})


def _trace(reader: Store, trace_id: str) -> StoredTrace:
    with reader.view() as snapshot:
        trace = snapshot.read_trace(whole_id(trace_id))
    if trace is None:
        raise NotFound("trace not found")
    return trace


def _wants_protobuf(request: Request) -> bool:
    return PROTOBUF in request.headers.get("accept", "")


def _traces_data(trace: StoredTrace) -> bytes:
    return to_protobuf(trace.spans).SerializeToString()


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*made, number))


# TraceByIDResponse: status = 3 (PARTIAL is 1), message = 4.
def _note(trace: StoredTrace) -> bytes:
    if not trace.left_out:
        return b""
    text = f"{trace.left_out} more spans are not shown".encode()
    return b"\x18\x01\x22" + _varint(len(text)) + text


@router.get("/search")
def search(request: Request, reader: StoreReader) -> JSONResponse:
    """List the latest traces with a span that satisfies a TraceQL query."""
    given = request.query_params
    query = parse(given.get("q") or "{}")
    if query.metric is not None:
        raise InvalidQuery(f"{query.metric.function} is a metrics query; search accepts only conditions and select")
    limit, spans = _whole(request, "limit", DEFAULT_TRACES), _whole(request, "spss", DEFAULT_SPANS)
    if not limit:
        raise InvalidQuery("limit must be a positive number")
    within = _range(request)
    condition = with_parameters(query.condition, given)
    with reader.view() as view:
        found = view.find_traces(condition, *within, min(limit, MOST_TRACES))
        matched = view.matches(condition, found, min(max(1, spans), MOST_SPANS))
        fields = list(dict.fromkeys((*fields_of(condition), *query.select)))
        return JSONResponse(search_json(view.summarize(found), matched, fields))


@router.get("/v2/search/tags")
def list_tags(request: Request, reader: StoreReader) -> JSONResponse:
    """List attribute names, by scope."""
    scopes = _tags(request, reader)
    shown = [{"name": scope, "tags": tags} for scope, tags in scopes.items() if tags]
    return JSONResponse({"scopes": shown})


@router.get("/search/tags")
def list_tags_v1(request: Request, reader: StoreReader) -> JSONResponse:
    """List attribute names, without their scopes."""
    scopes = _tags(request, reader)
    names = {name for scope, tags in scopes.items() if scope != "intrinsic" for name in tags}
    return JSONResponse({"tagNames": sorted(names)})


def _tags(request: Request, reader: Store) -> dict[str, list[str]]:
    limit = min(_whole(request, "limit", MOST_TAGS) or MOST_TAGS, MOST_TAGS)
    with reader.view() as snapshot:
        scopes = snapshot.tag_names(limit) | {"intrinsic": list(OFFERED)}
    wanted = request.query_params.get("scope", "")
    return {scope: tags for scope, tags in scopes.items() if wanted in ("", "none", "all", scope)}


@router.get("/v2/search/tag/{tag:path}/values")
def list_values(request: Request, reader: StoreReader, tag: str) -> JSONResponse:
    """List the values of an attribute or intrinsic."""
    return JSONResponse({"tagValues": [each._asdict() for each in _values(request, reader, tag)]})


@router.get("/search/tag/{tag:path}/values")
def list_values_v1(request: Request, reader: StoreReader, tag: str) -> JSONResponse:
    """List the values of an attribute of any scope, without their types."""
    name = tag if "." not in tag or tag.startswith(("span.", "resource.", ".")) else f".{tag}"
    return JSONResponse({"tagValues": list(dict.fromkeys(each.value for each in _values(request, reader, name)))})


def _values(request: Request, reader: Store, tag: str) -> list[TagValue]:
    limit = min(_whole(request, "limit", MOST_VALUES) or MOST_VALUES, MOST_VALUES)
    field = field_named(tag)
    if field is None:
        return []
    with reader.view() as snapshot:
        return snapshot.tag_values(field, _filter(request.query_params.get("q", "")), limit)


# An unfinished query filters nothing.
def _filter(text: str) -> Condition:
    try:
        return parse(text or "{}").condition
    except InvalidQuery:
        return EVERY_SPAN


@router.get("/metrics/query_range")
def query_range(request: Request, reader: StoreReader) -> JSONResponse:
    """Return series over time."""
    query, within = _metrics_query(request), _recent(request)
    text = request.query_params.get("step", "")
    step_ns = _step(text) if text else step_for(*within)
    with reader.view() as snapshot:
        return JSONResponse(range_json(snapshot, query, *within, step_ns))


@router.get("/metrics/query")
def query_instant(request: Request, reader: StoreReader) -> JSONResponse:
    """Return one value per series."""
    query, within = _metrics_query(request), _recent(request)
    with reader.view() as snapshot:
        return JSONResponse(instant_json(snapshot, query, *within))


def _metrics_query(request: Request) -> Query:
    given = request.query_params
    return parse(given.get("q") or given.get("query") or "")


def _step(text: str) -> int:
    seconds = re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text)
    step_ns = int(float(text) * 10**9) if seconds else parse_duration(text)
    if step_ns < 1_000_000:
        raise InvalidQuery("step must be at least one millisecond")
    return step_ns


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    if text and not re.fullmatch(r"[0-9]{1,9}", text):
        raise InvalidQuery(f"{name} must be a whole number, not {text[:50]!r}")
    return int(text) if text else default


def _range(request: Request) -> Range:
    return Range(_time(request, "start", 0), _time(request, "end", MAX_NS))


# Metrics are requested with a range; without one, the last hour.
def _recent(request: Request) -> Range:
    end_ns = _time(request, "end", time.time_ns())
    return Range(_time(request, "start", max(0, end_ns - _HOUR_NS)), end_ns)


def _time(request: Request, name: str, default: int) -> int:
    """Return Unix time in seconds, or in nanoseconds if it has that many digits, like Tempo."""
    text = request.query_params.get(name, "")
    if not text or text == "0":
        return default
    if not re.fullmatch(r"[0-9]{1,19}(\.[0-9]{1,9})?", text):
        raise InvalidQuery(f"{name} must be Unix time in seconds, not {text[:50]!r}")
    whole, _, fraction = text.partition(".")
    if len(whole) > 12:
        return clamp_ns(int(whole))
    return clamp_ns(int(whole) * NS + int(fraction.ljust(9, "0")))
