"""Encoding of stored log records as OTLP protobuf. Storing the result again gives the same rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, LogsData

from obsv import semconv
from obsv.store.ground import pairs_of, read_object
from obsv.store.spans import ArchivedLog
from obsv.wire.anyvalue import AnyDict
from obsv.wire.messages import fill, fill_pairs


def logs_to_protobuf(logs: Iterable[ArchivedLog]) -> LogsData:
    """Return `LogsData`, on the wire the same as `ExportLogsServiceRequest`."""
    made = LogsData()
    scopes: dict[tuple[str, str, str], Any] = {}
    for log in logs:
        source = log.row.source
        key = source.service, source.resource, source.scope
        if key not in scopes:
            scopes[key] = _scope(made, *key)
        _fill_record(scopes[key].log_records.add(), log)
    return made


def _scope(made: LogsData, service: str, resource: str, scope: str) -> Any:
    outer, inner = read_object(resource), read_object(scope)
    resource_logs = made.resource_logs.add(schema_url=outer.get("schemaUrl", ""))
    pairs = pairs_of(outer)
    if not any(pair["key"] == semconv.SERVICE_NAME for pair in pairs):
        pairs = [{"key": semconv.SERVICE_NAME, "value": {"stringValue": service}}, *pairs]
    fill_pairs(resource_logs.resource.attributes, pairs)
    scope_logs = resource_logs.scope_logs.add(schema_url=inner.get("schemaUrl", ""))
    scope_logs.scope.name, scope_logs.scope.version = inner.get("name", ""), inner.get("version", "")
    fill_pairs(scope_logs.scope.attributes, pairs_of(inner))
    return scope_logs


def _fill_record(target: LogRecord, log: ArchivedLog) -> None:
    row = log.row
    target.time_unix_nano = target.observed_time_unix_nano = row.time_ns
    target.severity_number, target.severity_text = row.severity, row.severity_text  # type: ignore[assignment]
    target.event_name, target.trace_id, target.span_id = row.event_name, row.trace_id, row.span_id
    fill(target.body, any_value(read_value(row.body)))
    found = read_value(row.attributes)
    attributes = found if isinstance(found, dict) else {}
    own = {semconv.LOG_PROCESS: row.process, semconv.THREAD_NAME: row.thread}
    added = {key: value for key, value in own.items() if value and key not in attributes}
    fill_pairs(target.attributes, [{"key": k, "value": any_value(v)} for k, v in {**attributes, **added}.items()])


def any_value(value: Any) -> AnyDict:
    """Return OTLP JSON of a value as a log record's JSON shows it."""
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)} if -(2**63) <= value < 2**63 else {"stringValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(each) for each in value]}}
    if value.keys() == {"bytesValue"} and isinstance(value["bytesValue"], str):
        return dict(value)
    return {"kvlistValue": {"values": [{"key": key, "value": any_value(each)} for key, each in value.items()]}}


def read_value(text: str) -> Any:
    """Return the value that a log record's JSON shows."""
    try:
        return json.loads(text)
    except ValueError:  # a row that another program has written
        return text
