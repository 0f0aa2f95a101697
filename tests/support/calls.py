"""Rows of calls, written by hand in few words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from obsv.store import Code, Signature, Source, SpanRow

TRACE = "0123456789abcdef0123456789abcdef"
EPOCH_NS = 1_790_000_000_000_000_000  # 2026-09-21 14:13:20 UTC
MS = 1_000_000

_signatures: dict[Any, Signature] = {}
_sources: dict[str, Source] = {}


def call(
    span: int,
    parent: int | None = None,
    *,
    name: str = "shop.orders.place",
    start: float = 0,
    ms: float = 10,
    trace: str = TRACE,
    service: str = "shop",
    group: str = "shop.orders",
    kind: int = 1,
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | None = None,
    error: str | None = None,
    code: Code | None = None,
    feed: str | None = None,
    detail: Mapping[str, Any] | None = None,
    at: int = EPOCH_NS,
    calls_itself: bool = False,
    **more: Any,
) -> SpanRow:
    """A row.

    Args:
        span: number that becomes the span id.
        parent: that of the caller.
        start: ms after `at`.
        ms: duration.
        inputs: arguments by name; texts as they are stored.
        outputs: results by name.
        error: the traceback of a failed call.
        at: Unix time in ns that `start` counts from.
        calls_itself: the caller is the same function; otherwise the store finds out who it is.
        **more: further fields of `SpanRow`.
    """
    ins, outs = dict(inputs or {}), dict(outputs or {})
    fields = (*((each, "INPUT") for each in ins), *((each, "OUTPUT") for each in outs))
    shape = service, name, group, kind, fields, code, feed
    signature = _signatures.setdefault(shape, Signature(*shape))
    return SpanRow(
        signature,
        _sources.setdefault(service, Source(service, resource(service), '{"name":"obsv"}')),
        bytes.fromhex(trace),
        span.to_bytes(8, "big"),
        None if parent is None else parent.to_bytes(8, "big"),
        signature if calls_itself else None,
        at + int(start * MS),
        int(ms * MS),
        (7, "MainThread"),
        0 if error is None else 2,
        0,
        json.dumps([*ins.values(), *outs.values()], separators=(",", ":"), ensure_ascii=False),
        exception=error,
        detail=json.dumps(detail) if detail else None,
        **more,
    )


def resource(service: str) -> str:
    """OTLP JSON of a resource."""
    return json.dumps({"attributes": [{"key": "service.name", "value": {"stringValue": service}}]})


def traceback(kind: str, message: str, path: str = "/srv/shop/orders.py", line: int = 12) -> str:
    """A traceback as it is recorded."""
    head = f'Traceback (most recent call last):\n  File "{path}", line {line}, in place\n    raise {kind}\n'
    return f"{head}{kind}: {message}\n"


def span_id(number: int) -> str:
    """The span id of a number, in hex."""
    return f"{number:016x}"


def chain(length: int, **more: Any) -> Iterable[SpanRow]:
    """Calls each inside the one before."""
    for number in range(1, length + 1):
        yield call(
            number,
            number - 1 or None,
            start=number * 1e-3,
            ms=2 * (length - number) * 1e-3 + 1e-3,
            calls_itself=True,
            **more,
        )
