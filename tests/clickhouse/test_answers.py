"""Every answer of the seam is the same from ClickHouse as from SQLite, for the same OTLP requests.

Documented exceptions (docs/clickhouse.md): the order of what is equal in the asked order, depths, versions named by
source code, requests between services, forms of values, and keys of rows.
"""

from __future__ import annotations

from typing import Any

import pytest
from alike import alike, unordered
from clickhouse_engine import MINUTES, Both

from obsv.errors import InvalidQuery, NotFound
from obsv.store.finding import (
    EVENT,
    EVERY_SPAN,
    GROUP,
    INTRINSIC,
    LINK,
    RESOURCE,
    SPAN,
    UNSCOPED,
    All,
    AnyOf,
    Compare,
    Condition,
    Contains,
    Field,
    Filters,
    Not,
    Present,
    Wanted,
)
from obsv.store.ground import Range, Window
from obsv.times import MAX_NS

MINUTE_NS = 60_000_000_000
CALL = "shop.orders.place"


def window(both: Both) -> Window:
    return Window(both.now_ns + 1 - (MINUTES + 1) * MINUTE_NS, both.now_ns + 1)


def halves(both: Both) -> tuple[Window, Window]:
    start, end, _ = window(both)
    middle = end - MINUTES // 2 * MINUTE_NS
    return Window(start, middle), Window(middle, end)


def ask(both: Both, question: str, *args: Any) -> tuple[Any, Any]:
    return tuple(alike(getattr(store, question)(*args)) for store in (both.sqlite, both.clickhouse))  # type: ignore[return-value]


FILTERS = {
    "all": Filters(),
    "failed": Filters(status="ERR"),
    "good calls of a group": Filters(group="shop.orders", status="OK"),
    "of a function": Filters(process=CALL),
    "text": Filters(search="eurUSD"),
    "text of one value": Filters(process=CALL, variable="order", search="XAU"),
    "text with signs of LIKE": Filters(search="C-%_"),
    "long": Filters(min_ns=10_000_000),
    "short and failed": Filters(max_ns=5_000_000, status="ERR"),
    "nothing": Filters(process="no.such.function"),
}


@pytest.mark.parametrize(
    ("filters", "order"),
    [(filters, order) for filters in FILTERS.values() for order in ("-ts", "-duration")]
    + [(FILTERS["all"], "ts"), (FILTERS["failed"], "duration")],
)
def test_pages(both: Both, filters: Filters, order: str) -> None:
    """Two pages after another, in every order; where calls are equal in it, any may come first or last."""
    pages = []
    for store in both[:2]:
        found, cursor = [], None
        for _ in range(2):
            page = store.read_page(filters, window(both), order, cursor, 40)
            found += [alike(call)[1] for call in page.calls]
            cursor = page.cursor
            if cursor is None:
                break
        key = "ts" if order.endswith("ts") else "duration_ns"
        last = found[-1][key] if found else None
        pages.append(([call[key] for call in found], sorted(repr(call) for call in found if call[key] != last)))
    assert pages[0] == pages[1]


def test_a_page_is_asked_without_a_window(both: Both) -> None:
    """Then the last day is looked at: here it is all there is."""
    one, other = ask(both, "read_page", Filters(process=CALL), Window(0, MAX_NS))
    assert one == other


QUESTIONS = (
    "read_overview", "read_flow", "read_busiest", "read_error_groups", "read_milestones", "valued_calls"
)  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
def test_figures_of_a_window(both: Both, question: str) -> None:
    """Totals, functions, edges, groups of errors."""
    one, other = ask(both, question, window(both))
    assert unordered(one) == unordered(other)


@pytest.mark.parametrize(
    "question", ["read_services", "read_groups", "read_processes", "read_variables", "process_stats"]
)
def test_names(both: Both, question: str) -> None:
    """Names to choose from, and the statistics of functions."""
    one, other = ask(both, question)
    assert one == other


def test_totals(both: Both) -> None:
    """Totals, which /metrics shows."""
    one, other = ask(both, "read_totals", 0)
    assert unordered(one) == unordered(other)


def test_a_function(both: Both) -> None:
    """Its figures, source, variables with their runs, failures, callers and callees."""
    one, other = ask(both, "read_function", CALL, window(both))
    assert unordered(one) == unordered(other)
    assert ask(both, "read_times", CALL, *halves(both))[0] == ask(both, "read_times", CALL, *halves(both))[1]
    assert ask(both, "failures", CALL)[0] == ask(both, "failures", CALL)[1]


def test_errors(both: Both) -> None:
    """With who caught them."""
    for question, args in (("read_errors", (Filters(), window(both), 50)), ("latest_errors", (window(both), 20))):
        one, other = ask(both, question, *args)
        assert one == other


def test_a_group_of_errors(both: Both) -> None:
    """By its fingerprint, with its sample and places."""
    found = [{each.fingerprint: each.id for each in store.read_error_groups(window(both)).groups} for store in both[:2]]
    assert found[0].keys() == found[1].keys()
    for fingerprint in found[0]:
        one, other = (
            alike(store.read_error_group(ids[fingerprint], window(both)))
            for store, ids in zip(both[:2], found, strict=True)
        )
        assert unordered(one) == unordered(other)


def test_calls_between_services(both: Both) -> None:
    """By the spans on both sides."""
    one, other = ask(both, "read_dependencies", *window(both)[:2])
    assert one == other


def test_changes(both: Both) -> None:
    """Two neighbouring windows, except for forms of values, which the table does not tell."""
    one, other = (unordered(each[1] | {"forms": []}) for each in ask(both, "read_changes", *halves(both)))
    assert one == other


def intrinsic(name: str, operator: str, value: Any) -> Compare:
    return Compare(Field(INTRINSIC, name), operator, value)


CONDITIONS: dict[str, Condition] = {
    "all": EVERY_SPAN,
    "name": intrinsic("span:name", "=", "POST /orders"),
    "name by pattern": intrinsic("span:name", "=~", "shop\\..*place"),
    "kind": intrinsic("span:kind", "=", 2),
    "group": intrinsic(GROUP, "=", "payments"),
    "failed and long": All((intrinsic("span:status", "=", 2), intrinsic("span:duration", ">", 3_000_000))),
    "number": Compare(Field(SPAN, "http.response.status_code"), ">=", 500),
    "no number": Compare(Field(SPAN, "http.response.status_code"), "=", "500"),
    "any type": Compare(Field(SPAN, "http.response.status_code"), "is", "500"),
    "an argument": Compare(Field(SPAN, "symbol"), "=", "'XAU'"),
    "an argument's key": Compare(Field(SPAN, "obsv.input.symbol"), "!=", "'XAU'"),
    "resource": Compare(Field(RESOURCE, "service.name"), "=", "payments"),
    "anywhere": Compare(Field(UNSCOPED, "host.name"), "=~", "exch.*"),
    "present": Present(Field(SPAN, "url.path")),
    "not": Not(AnyOf((intrinsic("span:kind", "=", 1), Present(Field(SPAN, "url.path"))))),
    "text": Contains("not traded"),
    "no text": Not(Contains("shop")),
    "event": intrinsic("event:name", "=", "retry"),
    "event's attribute": Compare(Field(EVENT, "exception.type"), "=", "ValueError"),
    "link": Present(Field(LINK, "nothing")),
    "trace's duration": intrinsic("trace:duration", ">", 25_000_000),
    "trace's root": intrinsic("trace:rootName", "=", "market.feeds.on_fx"),
    "nothing": intrinsic("span:name", "=", "no such name"),
}


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS)
def test_searches_of_traces(both: Both, condition: Condition) -> None:
    """Found by a span, or by the trace as a whole; then told at a glance, with the spans that match."""
    start, end, _ = window(both)
    one, other = ask(both, "find_traces", condition, start, end, 1_000)
    assert sorted(one) == sorted(other)
    some = sorted(one)[:5]
    for question, args in (("summarize", (some,)), ("matches", (condition, some, 3))):
        told, also = ask(both, question, *args)
        assert unordered(told) == unordered(also)


SERIES = {
    "from sums": ((Field(INTRINSIC, "span:name"),), EVERY_SPAN, 60, None),
    "durations": (
        (Field(RESOURCE, "service.name"),),
        intrinsic("span:kind", "=", 1),
        60,
        Field(INTRINSIC, "span:duration"),
    ),
    "from spans": ((Field(SPAN, "url.path"),), Compare(Field(SPAN, "http.response.status_code"), ">=", 500), 10, None),
}


@pytest.mark.parametrize("asked", SERIES.values(), ids=SERIES)
def test_series(both: Both, asked: Any) -> None:
    """From the sums of minutes where they suffice, else from the spans."""
    by, condition, step_s, field = asked
    start, end, _ = window(both)
    wanted = Wanted(condition, by, Range(start, end - 1), step_s * 10**9, field)
    one, other = ask(both, "count_series", wanted)
    assert unordered(one) == unordered(other)


@pytest.mark.parametrize("filters", [FILTERS["all"], FILTERS["failed"], FILTERS["text"]])
def test_calls_over_time(both: Both, filters: Filters) -> None:
    """Counted for the chart of the explorer, in seconds and in minutes."""
    for asked in (window(both), Window(both.now_ns + 1 - 60 * MINUTE_NS, both.now_ns + 1)):
        one, other = ask(both, "read_call_series", filters, asked)
        assert one == other


TRACE = ("known_trace", "read_trace", "read_trace_columns", "spans_of_trace")


@pytest.mark.parametrize("question", TRACE)
def test_a_trace(both: Both, question: str) -> None:
    """Whole, by its ID."""
    failed = both.sqlite.read_page(Filters(process=CALL, status="ERR"), window(both)).calls[0]
    one, other = ask(both, question, failed.trace_id)
    assert one == other


def test_a_call(both: Both) -> None:
    """In full, beside a good one, by its span alone, with what its trace says."""
    failed = both.sqlite.read_page(Filters(process=CALL, status="ERR"), window(both)).calls[0]
    for question in ("read_call", "read_detail", "read_pair"):
        one, other = ask(both, question, failed.trace_id, failed.span_id)
        assert one == other
    last = both.sqlite.read_page(Filters(), window(both)).calls[0]
    one, other = ask(both, "read_pair", failed.trace_id, failed.span_id, (last.trace_id, last.span_id))
    assert one == other
    for question, args in (
        ("find_call", (failed.span_id,)),
        ("search_trace", (failed.trace_id, "price")),
        ("calls_of_trace", (failed.trace_id, [failed.span_id])),
        ("valued_calls", (window(both), failed.trace_id)),
    ):
        one, other = ask(both, question, *args)
        assert one == other


def test_tags(both: Both) -> None:
    """Names and values to choose from."""
    assert ask(both, "tag_names", 100)[0] == ask(both, "tag_names", 100)[1]
    for field in (Field(SPAN, "http.request.method"), Field(RESOURCE, "service.name"), Field(INTRINSIC, "span:name")):
        one, other = ask(both, "tag_values", field, EVERY_SPAN, 50)
        assert one == other


def test_a_sample(both: Both) -> None:
    """Any calls of the window, with their callers: which ones is not promised."""
    one, other = (store.sample_calls(Filters(process=CALL), window(both), 80) for store in both[:2])
    assert {each.caller for each in one.calls} == {each.caller for each in other.calls}
    assert len(other.calls) > 40


def test_what_is_not_there(both: Both) -> None:
    """Says so, as everywhere."""
    for question, args in (
        ("read_trace_columns", ("f" * 32,)),
        ("read_call", ("f" * 32, "f" * 16)),
        ("known_trace", ("f" * 32,)),
    ):
        with pytest.raises(NotFound):
            getattr(both.clickhouse, question)(*args)


def test_what_the_table_cannot_answer_is_said(both: Both) -> None:
    """A message, and nothing is written."""
    for question, args in (
        ("triage", ()),
        ("run_sql", ("select 1",)),
        ("kept_book", ()),
        ("saved_view_book", ()),
        ("keep_trace", ("ab", "", 1)),
    ):
        with pytest.raises(InvalidQuery, match="only read"):
            getattr(both.clickhouse, question)(*args)
    assert both.clickhouse.unanswered
    assert not both.sqlite.unanswered
