"""Calls by where they were recorded: service, host and instance, as filters and in a query."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from calls import EPOCH_NS, TRACE, call

from obsv.store import Source, SpanRow, Writer
from obsv.store.finding import Filters
from obsv.store.ground import Window
from obsv.store.seam import Store, open_store

WHOLE = Window(EPOCH_NS - 1, EPOCH_NS + 10**12)
_SOURCES: dict[tuple[str, ...], Source] = {}


def at(number: int, service: str, host: str, instance: str) -> SpanRow:
    attributes = {"service.name": service, "host.name": host, "service.instance.id": instance}
    pairs = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items() if value]
    key = service, host, instance
    source = _SOURCES.setdefault(key, Source(service, json.dumps({"attributes": pairs}), '{"name":"obsv"}', True))
    row = call(number, start=number, service=service)
    return row._replace(source=source)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    path = tmp_path / "o.db"
    with closing(Writer(path)) as writer:
        writer.write(
            [
                at(1, "shop", "a", "a-1"),
                at(2, "shop", "b", "b-1"),
                at(3, "shop", "b", "b-2"),
                at(4, "bank", "b", "b-1"),
                at(5, "bank", "", ""),
                at(6, "bank", "B", 'it\'s "6"%'),
            ]
        )
    return open_store(path)


@pytest.mark.parametrize(
    ("filters", "query", "found"),
    [
        ({"host": "b"}, "host=b", [2, 3, 4]),
        ({"instance": "b-1"}, "instance=b-1", [2, 4]),
        ({"service": "shop", "host": "b"}, "service=shop host=b", [2, 3]),
        ({"service": "bank", "host": "b", "instance": "b-1"}, "service=bank host=b instance=b-1", [4]),
        ({"host": "c"}, "host=c", []),
        ({"host": "%"}, "host=%", []),
        ({"instance": 'it\'s "6"%'}, "instance='it\\'s \"6\"%'", [6]),
    ],
)
def test_calls_of_a_service_host_or_instance(
    store: Store, filters: dict[str, str], query: str, found: list[int]
) -> None:
    """Whole names in their own case; what has none is never among them."""
    for asked in (Filters.parse(filters), Filters.parse({"where": query})):
        calls = store.read_page(asked, WHOLE, "ts").calls
        assert [int(each.span_id, 16) for each in calls] == found
        assert all(each.trace_id == TRACE for each in calls)


def test_part_of_a_host_in_a_query(store: Store) -> None:
    calls = store.read_page(Filters.parse({"where": "-host:b -service:shop"}), WHOLE, "ts").calls
    assert [int(each.span_id, 16) for each in calls] == [5]
