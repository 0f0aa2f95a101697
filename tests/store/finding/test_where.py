"""Conditions compiled to SQL find the spans that the same conditions find in OTLP."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracle import Trace, flatten, holds
from query_world import SECOND, SLASHED, START_NS, make

from obsv.store import Reader
from obsv.store.file import parts
from obsv.store.finding import condition_search, walks
from obsv.store.finding.condition_search import find_traces
from obsv.store.finding.conditions import (
    EVERY_SPAN,
    GROUP,
    INTRINSIC,
    NO_SPAN,
    VARIABLE,
    All,
    AnyOf,
    Compare,
    Condition,
    Contains,
    Field,
    Not,
    Present,
)
from obsv.store.finding.where import where
from obsv.store.spans.stored import spans_of_trace
from obsv.wire.encode import to_json


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    reader = Reader(make(Path(tmp_path_factory.mktemp("world")) / "obsv.db"))
    yield reader
    reader.close()


@pytest.fixture(scope="module")
def traces(world: Reader) -> dict[str, Trace]:
    ids = [row["trace"] for row in world.query("select distinct trace from span")]
    return {trace: flatten(to_json(spans_of_trace(world, trace))) for trace in ids}


TEXTS = (
    "shop.cart", "http", "sku", "order",
    "shop", SLASHED, "shop.cart.price", "GET /cart", "SELECT", "sku-1", "sku-9", "x", "a", "GET", "POST", "sqlite",
    "alpha", "beta", "resource order", "curl/8", 'Mozilla/5 "x"', "ünï'c\\ode", "cart is closed", "exception",
    "cache.miss", "cart:3", "CartError", "lib", "obsv", "2.1", "mild", "12.5", "/srv/shop/cart.py", "MainThread",
    "0000000000000101", "101", "00000000000000000000000000000001", "1", "", "200", "true", "0.25", "ValueError",
)  # fmt: skip
PATTERNS = ("shop.*", "GET.*|SELECT", "sku-[0-9]", ".*", "", "[ab]", ".*closed", "x|y", "(?s).*no price.*")
NAMES = (
    "order", "sku", "return", "http.request.method", "http.response.status_code", "user agent", "tags", "db.system",
    "share", "cached", "obsv.input.order", "obsv.output.return", "service.name", "host.name", "shard", "canary",
    "ports", "thread.name", "thread.id", "code.file.path", "code.line.number", "code.function.name",
    "obsv.process_group",
    "obsv.cpu_time_ns", "cache.key", "exception.type", "exception.message", "exception.stacktrace", "flavour", "none",
)  # fmt: skip
SCOPES = ("", "span", "resource", "event", "link", "instrumentation")
TEXT_INTRINSICS = (
    "span:id", "span:name", "span:parentID", "span:statusMessage", "trace:id", "trace:rootName", "trace:rootService",
    "event:name", "instrumentation:name", "instrumentation:version", "link:spanID", "link:traceID", GROUP, VARIABLE,
)  # fmt: skip
ORDERS = ("=", "!=", "<", "<=", ">", ">=")

PARTS = (
    "sku", "SKU-", "ü", "'", '"', "\\", "c\\o", ",", "x", "%", "_", "12.5", "id", "closed", "no price", "null", "n",
    "tru", '","', "[",
)  # fmt: skip
attribute = st.builds(Field, st.sampled_from(SCOPES), st.sampled_from(NAMES))
numbers = st.sampled_from((0, 1, 3, 7, 12, 200, 404, 500, 4_000, 0.25, 0.5, 1e300, -1))
durations = st.sampled_from((0, 1, 1_000, 2_000_000, 5_000_000, 40_000_000, 900_000_000, 1_500_000_000, 10**11))
text_field = attribute | st.sampled_from(TEXT_INTRINSICS).map(lambda name: Field(INTRINSIC, name))
full_id = st.sampled_from(("span:id", "span:parentID", "trace:id")).map(lambda name: Field(INTRINSIC, name))
timed = st.sampled_from(("span:duration", "trace:duration", "event:timeSinceStart")).map(lambda n: Field(INTRINSIC, n))
leaf = st.one_of(
    st.builds(Compare, text_field, st.sampled_from(("=", "!=", "is")), st.sampled_from(TEXTS)),
    st.builds(Compare, text_field, st.sampled_from(("=~", "!~")), st.sampled_from(PATTERNS)),
    st.builds(Compare, attribute, st.sampled_from(ORDERS), numbers),
    st.builds(Compare, attribute, st.sampled_from(("=", "!=")), st.booleans()),
    st.builds(Compare, timed, st.sampled_from(ORDERS), durations),
    st.builds(Compare, st.just(Field(INTRINSIC, "span:kind")), st.sampled_from(("=", "!=")), st.integers(0, 5)),
    st.builds(Compare, st.just(Field(INTRINSIC, "span:status")), st.sampled_from(("=", "!=")), st.integers(0, 2)),
    st.builds(Present, text_field),
    st.builds(Contains, st.sampled_from(PARTS), st.none() | st.sampled_from(("sku", "order", "tags", "none"))),
    st.sampled_from((EVERY_SPAN, NO_SPAN)),
)
conditions = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
    ),
    max_leaves=5,
)


def shortened(condition: Condition) -> bool:
    """Return whether an ID is compared in a short form, which only `=` and `!=` complete."""
    match condition:
        case Compare(Field("intrinsic", "span:id" | "span:parentID" | "trace:id"), "=" | "!=", value):
            return len(str(value)) not in (16, 32)
        case Not(part=part):
            return shortened(part)
        case All(parts=parts) | AnyOf(parts=parts):
            return any(map(shortened, parts))
    return False


@settings(max_examples=300)
@given(condition=conditions.filter(lambda condition: not shortened(condition)))
@example(condition=Compare(Field(INTRINSIC, "span:parentID"), "!~", "x"))
@example(condition=Compare(Field("resource", "ports"), ">", 3))
@example(condition=Compare(Field("resource", "ports"), "!=", 7))
@example(condition=Compare(Field("", "ports"), "=", True))
@example(condition=Compare(Field("resource", "ports"), "is", "404"))
def test_sql_finds_what_the_condition_says(world: Reader, traces: dict[str, Trace], condition: Condition) -> None:
    """For any condition, the rows that the SQL finds are the spans for which it holds in their OTLP form."""
    test = where(condition)
    rows = world.query(f"select trace, lower(hex(span_id)) as span_id from span s where {test.text}", test.params)
    expected = {
        (trace, span["spanId"]) for trace, spans in traces.items() for span in spans if holds(condition, span, spans)
    }
    assert {(row["trace"], row["span_id"]) for row in rows} == expected


@settings(max_examples=150)
@given(condition=conditions)
def test_search_finds_the_traces_of_these_spans(world: Reader, condition: Condition) -> None:
    """Choosing processes and walking indexes does not change what is found."""
    test = where(condition)
    expected = {row[0] for row in world.query(f"select distinct trace from span s where {test.text}", test.params)}
    with world.snapshot() as snapshot:
        assert set(find_traces(snapshot, condition)) == expected


@settings(max_examples=150)
@given(condition=conditions, cheapest=st.sampled_from(("COST_BY_TIME", "COST_BY_NAME", "COST_BY_ARRIVAL")))
@example(condition=All((Compare(Field(INTRINSIC, "span:status"), "=", 2), Not(All(())))), cheapest="COST_BY_TIME")
def test_every_way_to_walk_finds_the_same(world: Reader, condition: Condition, cheapest: str) -> None:
    """Beyond the newest spans, walking by time, by name or by arrival finds the same traces, none of them twice."""
    test = where(condition)
    expected = {row[0] for row in world.query(f"select distinct trace from span s where {test.text}", test.params)}
    with pytest.MonkeyPatch.context() as patch, world.snapshot() as snapshot:
        patch.setattr(condition_search, "RECENT", 2)
        patch.setattr(parts, "LEAST", 2)
        patch.setattr(walks, cheapest, 1e-9)
        found = find_traces(snapshot, condition)
    assert (set(found), len(found)) == (expected, len(expected))


@settings(max_examples=50)
@given(limit=st.integers(0, 6), first=st.integers(-1, 41), seconds=st.integers(0, 50))
def test_limit_and_range_are_kept(world: Reader, limit: int, first: int, seconds: int) -> None:
    """Only traces with a span that begins in the range, those of the latest first, no more than asked for."""
    low, high = START_NS + first * SECOND, START_NS + (first + seconds) * SECOND
    rows = world.query("select trace from span where start_ns between ? and ? order by start_ns desc", (low, high))
    with world.snapshot() as snapshot:
        assert find_traces(snapshot, EVERY_SPAN, low, high, limit) == list(dict.fromkeys(r[0] for r in rows))[:limit]


@pytest.mark.parametrize("name", ["span:id", "span:parentID"])
def test_short_ids_are_completed(world: Reader, name: str) -> None:
    """An id without its leading zeros names the same span."""
    test = where(Compare(Field(INTRINSIC, name), "=", "101"))
    assert world.query(f"select id from span s where {test.text}", test.params)
