"""Jaeger's HTTP API, version 3, as used by Jaeger's UI from 2.15 on: traces in OTLP JSON."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from obsv.api.depends import StoreReader
from obsv.api.error_form import answering
from obsv.api.jaeger.form import KINDS
from obsv.api.jaeger.query import read_v3
from obsv.api.jaeger.v1 import whole_id
from obsv.errors import NotFound, ObsvError
from obsv.store.spans import StoredTrace
from obsv.store.surveying import Summary
from obsv.wire.encode import to_json


def _failed(status: int, error: ObsvError) -> JSONResponse:
    return JSONResponse({"error": {"httpCode": status, "message": str(error)}}, status)


router = APIRouter(prefix="/api/v3", route_class=answering(_failed), include_in_schema=False)


@router.get("/services")
def list_services(reader: StoreReader) -> JSONResponse:
    """List all services."""
    return JSONResponse({"services": reader.read_services()})


@router.get("/operations")
def list_operations(request: Request, reader: StoreReader) -> JSONResponse:
    """List the operations of a service."""
    query = request.query_params
    kind = query.get("spanKind") or query.get("span_kind") or ""
    shown = [
        {"name": each.name, "spanKind": KINDS[each.kind]} for each in reader.read_operations(query.get("service", ""))
    ]
    return JSONResponse({"operations": [each for each in shown if kind.lower() in ("", each["spanKind"])]})


@router.get("/traces/{trace_id}")
def get_trace(reader: StoreReader, trace_id: str) -> JSONResponse:
    """Return one trace."""
    with reader.view() as snapshot:
        trace = snapshot.read_trace(whole_id(trace_id))
    return _otlp([trace] if trace is not None else [])


@router.get("/traces")
def search(request: Request, reader: StoreReader) -> JSONResponse:
    """List the latest traces that contain a matching span."""
    wanted = read_v3(request.query_params)
    with reader.view() as snapshot:
        found = snapshot.find_traces(wanted.condition, wanted.start_ns, wanted.end_ns, wanted.limit)
        return _otlp(snapshot.read_traces(found))


@router.get("/trace-summaries")
def search_summaries(request: Request, reader: StoreReader) -> JSONResponse:
    """List summaries of the same traces."""
    wanted = read_v3(request.query_params)
    with reader.view() as snapshot:
        found = snapshot.find_traces(wanted.condition, wanted.start_ns, wanted.end_ns, wanted.limit)
        return JSONResponse({"summaries": [_summary(each) for each in snapshot.summarize(found)]})


def _otlp(traces: list[StoredTrace]) -> JSONResponse:
    if not traces:
        raise NotFound("No traces found")
    return JSONResponse({"result": to_json([span for trace in traces for span in trace.spans])})


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "traceId": summary.trace_id,
        "rootServiceName": summary.root_service,
        "rootOperationName": summary.root_name,
        "minStartTimeUnixNano": str(summary.start_ns),
        "maxEndTimeUnixNano": str(summary.end_ns),
        "spanCount": summary.spans,
        "errorSpanCount": summary.errors,
        "services": [
            {"name": each.name, "spanCount": each.spans, "errorSpanCount": each.errors} for each in summary.services
        ],
    }
