"""Jaeger's HTTP API, version 1, as used by Grafana's data source and Jaeger's own UI. Served at the root."""

from __future__ import annotations

import re
import time

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from obsv.api.depends import StoreReader
from obsv.api.error_form import answering
from obsv.api.jaeger.form import KINDS, answer, failure, traces_json
from obsv.api.jaeger.query import read_v1
from obsv.errors import InvalidQuery, NotFound, ObsvError

_DAY_MS = 24 * 3600 * 1_000


def _failed(status: int, error: ObsvError) -> JSONResponse:
    return JSONResponse(failure(status, str(error)), status)


router = APIRouter(prefix="/api", route_class=answering(_failed), include_in_schema=False)


@router.get("/services")
def list_services(reader: StoreReader) -> JSONResponse:
    """List all services."""
    found = reader.read_services()
    return JSONResponse(answer(found, len(found)))


@router.get("/services/{service:path}/operations")
def list_operation_names(reader: StoreReader, service: str) -> JSONResponse:
    """List the operations of a service, whose name may contain slashes."""
    found = list(dict.fromkeys(operation.name for operation in reader.read_operations(service)))
    return JSONResponse(answer(found, len(found)))


@router.get("/operations")
def list_operations(reader: StoreReader, service: str = "", spanKind: str = "") -> JSONResponse:
    """List the operations of a service, with the kind of span."""
    shown = [{"name": each.name, "spanKind": KINDS[each.kind]} for each in reader.read_operations(service)]
    found = [each for each in shown if spanKind in ("", each["spanKind"])]
    return JSONResponse(answer(found, len(found)))


@router.get("/traces")
def search(request: Request, reader: StoreReader) -> JSONResponse:
    """List the latest traces with a span of a service, operation, tags and duration; or those with the given IDs."""
    query = request.query_params
    with reader.view() as snapshot:
        if query.getlist("traceID"):
            found = [whole_id(text) for text in query.getlist("traceID")]
        else:
            wanted = read_v1(query, query.getlist("tag"), time.time_ns())
            found = snapshot.find_traces(wanted.condition, wanted.start_ns, wanted.end_ns, wanted.limit)
        return JSONResponse(traces_json(snapshot.read_traces(found)))


@router.get("/traces/{trace_id}")
def get_trace(reader: StoreReader, trace_id: str) -> JSONResponse:
    """Return one trace. Grafana also sends times, in varying units: they are ignored."""
    with reader.view() as snapshot:
        trace = snapshot.read_trace(whole_id(trace_id))
    if trace is None:
        raise NotFound("trace not found")
    return JSONResponse(traces_json([trace]))


@router.get("/dependencies")
def list_dependencies(request: Request, reader: StoreReader) -> JSONResponse:
    """Return the calls between services: `endTs` and `lookback` in milliseconds."""
    end_ms = _milliseconds(request, "endTs", time.time_ns() // 1_000_000)
    start_ms = max(0, end_ms - _milliseconds(request, "lookback", _DAY_MS))
    found = reader.read_dependencies(start_ms * 1_000_000, end_ms * 1_000_000)
    data = [{"parent": each.parent, "child": each.child, "callCount": each.calls} for each in found]
    return JSONResponse({"data": data, "errors": None})


def _milliseconds(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    if text and not re.fullmatch(r"[0-9]{1,13}", text):
        raise InvalidQuery(f"{name} must be a whole number of milliseconds, not {text[:50]!r}")
    return int(text) if text else default


def whole_id(text: str) -> str:
    """Return a trace ID with its full 32 digits; some clients omit leading zeros.

    Raises:
        InvalidQuery: it is not a hexadecimal number of up to 32 digits.
    """
    if not re.fullmatch(r"[0-9a-fA-F]{1,32}", text):
        raise InvalidQuery(f"a trace ID must have up to 32 hexadecimal digits, not {text[:50]!r}")
    return text.lower().rjust(32, "0")
