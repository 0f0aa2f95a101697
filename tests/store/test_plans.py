"""Frequent queries read large tables through an index, never from end to end."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from query_world import START_NS, make

from obsv.store import Reader
from obsv.store.figures.changes import read_changes
from obsv.store.figures.services import read_dependencies, read_operations, read_services
from obsv.store.figures.totals import read_totals
from obsv.store.file.reader import Params, Row, Snapshot
from obsv.store.finding.condition_search import find_traces
from obsv.store.finding.conditions import EVERY_SPAN, INTRINSIC, RESOURCE, SPAN, All, Compare, Condition, Field
from obsv.store.finding.explorer import read_new, read_page
from obsv.store.finding.filters import Filters
from obsv.store.finding.series import Wanted, count_series
from obsv.store.ground.rollups import MINUTE_NS
from obsv.store.ground.window import Range, Window
from obsv.store.spans.stored_trace import read_spans, read_trace
from obsv.store.surveying.summaries import matches, summarize
from obsv.store.surveying.tags import tag_names, tag_values
from obsv.times import MAX_NS

LARGE = ("span", "s", "x", "histogram", "failure_histogram", "calls_minute", "m", "request_half")
SHOP = Compare(Field(RESOURCE, "service.name"), "=", "shop")
SKU = Compare(Field(SPAN, "sku"), "=", "sku-1")
HOUR = Range(START_NS // MINUTE_NS * MINUTE_NS, START_NS // MINUTE_NS * MINUTE_NS + 60 * MINUTE_NS - 1)
EVER = Window(0, MAX_NS)
TRACE = f"{1:032x}"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(make(tmp_path / "obsv.db"))
    yield reader
    reader.close()


def series(condition: Condition, *by: Field, measured: Field | None = None) -> Callable[[Snapshot], object]:
    return lambda snapshot: count_series(snapshot, Wanted(condition, by, HOUR, MINUTE_NS, measured))


@pytest.mark.parametrize(
    "ask",
    [
        lambda snapshot: find_traces(snapshot, All((SHOP, SKU))),
        lambda snapshot: find_traces(snapshot, Compare(Field(INTRINSIC, "trace:rootName"), "=", "GET /cart")),
        lambda snapshot: find_traces(snapshot, Compare(Field(INTRINSIC, "span:status"), "=", 2)),
        lambda snapshot: summarize(snapshot, [TRACE]),
        lambda snapshot: matches(snapshot, SKU, [TRACE], 3),
        lambda snapshot: read_trace(snapshot, TRACE),
        lambda snapshot: read_spans(snapshot, [1, 2]),
        lambda snapshot: tag_names(snapshot, 100),
        lambda snapshot: tag_values(snapshot, Field(SPAN, "sku"), SHOP, 100),
        series(SHOP, Field(INTRINSIC, "span:name")),
        series(EVERY_SPAN, measured=Field(INTRINSIC, "span:duration")),
        series(SHOP, measured=Field(INTRINSIC, "span:duration")),
        lambda snapshot: read_totals(snapshot, 0),
        lambda snapshot: read_services(snapshot),
        lambda snapshot: read_operations(snapshot, "shop"),
        lambda snapshot: read_dependencies(snapshot, START_NS, START_NS + 1),
        lambda snapshot: read_changes(snapshot, Window(0, START_NS + 1), Window(START_NS + 1, START_NS + MINUTE_NS)),
        *(
            partial(read_page, filters=filters, window=EVER, order=order, cursor=None, limit=2)
            for order in ("-ts", "ts")
            for filters in (
                Filters(),
                Filters(status="ERR"),
                Filters(group="shop.cart"),
                Filters(process="SELECT", status="ERR"),
                Filters(variable="order", min_ns=1_000),
                Filters(min_ns=1_000_000_000, status="ERR"),
                Filters(search="sku", process="shop.cart.main"),
            )
        ),
        *(
            partial(read_page, filters=filters, window=EVER, order=order)
            for order in ("-duration", "duration")
            for filters in (Filters(), Filters(status="ERR"), Filters(group="shop.cart"))
        ),
        lambda snapshot: read_new(snapshot, Filters(), 2, START_NS),
    ],
)
def test_no_large_table_is_scanned(
    world: Reader, ask: Callable[[Snapshot], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each statement's plan searches the large tables."""
    scans: list[str] = []
    asked: list[str] = []
    query = Snapshot.query

    def watched(self: Snapshot, sql: str, params: Params = ()) -> list[Row]:
        asked.append(sql)
        rows = query(self, f"explain query plan {sql}", params)
        plan = [row["detail"] for row in rows if "VIRTUAL TABLE" not in row["detail"]]
        tables = [line.split()[1] for line in plan if line.startswith("SCAN") and line.split()[1] in LARGE]
        scans.extend(table for table in tables if f"CO-ROUTINE {table}" not in plan)
        return query(self, sql, params)

    monkeypatch.setattr(Snapshot, "query", watched)
    with world.snapshot() as snapshot:
        ask(snapshot)
    assert asked
    assert scans == []
