"""The explorer's pages against a plain reading of the whole store."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obsv.errors import InvalidQuery
from obsv.store import Reader, Signature, Source, SpanRow, Writer
from obsv.store.finding.explorer import read_new, read_page, read_pages
from obsv.store.finding.filters import Filters
from obsv.store.finding.orders import ORDERS
from obsv.store.ground.window import Window
from obsv.store.spans.listed_call import ListedCall, has_text, listed_calls

SOURCE = Source("shop")
SHAPES = ((("order", "INPUT"), ("return", "OUTPUT")), (("user", "INPUT"),), ())
SIGNATURES = [
    Signature("shop", f"{group}.f{number}", group, 1, SHAPES[number % 3])
    for group in ("shop", "web", "rare")
    for number in range(5)
]
START = 1_790_000_000_000_000_000
WORDS = ("Apple", "100%", "a_b", 'say "hi"', "back\\slash", "naïve", "日本", "<img src=x onerror=alert(1)>", "plain")
CALLS = 3_000


def row(rng: random.Random, number: int) -> SpanRow:
    signature = SIGNATURES[min(int(rng.expovariate(0.35)), len(SIGNATURES) - 1)]
    values = [f'"{_escaped(rng.choice(WORDS))}"' for _ in signature.fields]
    failed = rng.random() < 0.05
    # Many start in the same microsecond: only the id tells them apart.
    start = START + rng.randrange(3 * 3600) * 1_000_000_000 + rng.choice((0, 0, 100, 5000, rng.randrange(10**9)))
    return SpanRow(
        signature,
        SOURCE,
        number.to_bytes(16, "big"),
        number.to_bytes(8, "big"),
        None,
        None,
        start,
        rng.choice((0, 1, 250, 999, int(rng.lognormvariate(14, 2)))),
        None,
        2 if failed else rng.choice((0, 1)),
        0,
        f"[{','.join(values)}]",
        exception=f"Traceback\nValueError: {rng.choice(WORDS)}" if failed else None,
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    path: Path = tmp_path_factory.mktemp("explorer") / "obsv.db"
    writer, rng = Writer(path), random.Random(7)
    for first in range(0, CALLS, 500):
        writer.write([row(rng, number + 1) for number in range(first, first + 500)])
    writer.close()
    reader = Reader(path)
    yield reader
    reader.close()


class Everything(list[ListedCall]):
    """All calls; hypothesis prints its arguments, and these would be too many."""

    def __repr__(self) -> str:
        return f"{len(self)} calls"


@pytest.fixture(scope="module")
def everything(reader: Reader) -> Everything:
    with reader.snapshot() as store:
        return Everything(listed_calls(store, [row[0] for row in store.query("select id from span")]))


def expected(calls: list[ListedCall], filters: Filters, window: Window, order: str) -> list[int]:
    """The ids that a page by page reading must give, by the plainest means."""
    chosen = [call for call in calls if window.start_ns <= call.start_ns < window.end_ns and _wanted(call, filters)]
    by_time = order.endswith("ts")
    chosen.sort(key=lambda call: (call.ts if by_time else call.duration_ns, call.id), reverse=order.startswith("-"))
    return [call.id for call in chosen]


def _wanted(call: ListedCall, filters: Filters) -> bool:
    texts = [value.text for value in call.values if filters.variable in (None, value.name)] + [call.exception or ""]
    return (
        filters.group in (None, call.process_group)
        and filters.process in (None, call.process)
        and filters.service in (None, "shop")
        and (filters.host, filters.instance) == (None, None)
        and (filters.variable is None or any(value.name == filters.variable for value in call.values))
        and filters.status in (None, call.status)
        and (filters.min_ns is None or call.duration_ns >= filters.min_ns)
        and (filters.max_ns is None or call.duration_ns <= filters.max_ns)
        and (filters.search is None or any(has_text(text, filters.search) for text in texts))
        and QUERIES[filters.query](call)
    )


def _has_text(call: ListedCall, text: str) -> bool:
    return any(has_text(each, text) for each in [*(value.text for value in call.values), call.exception or ""])


QUERIES: dict[str | None, Callable[[ListedCall], bool]] = {
    None: lambda call: True,
    "-apple": lambda call: not _has_text(call, "apple"),
    "duration>=1us or status:ERR": lambda call: call.duration_ns >= 1_000 or call.status == "ERR",
    "has=user group:SHO": lambda call: any(v.name == "user" for v in call.values) and "sho" in call.process_group,
}


def walked(reader: Reader, filters: Filters, window: Window, order: str, limit: int) -> list[int]:
    return [call.id for part in read_pages(reader, filters, window, order, CALLS, limit) for call in part]


NAMES = [signature.name for signature in SIGNATURES]
FILTERS = st.builds(
    Filters,
    group=st.sampled_from([None, None, "shop", "web", "rare", "none such"]),
    process=st.sampled_from([None, None, *NAMES, "none.such"]),
    variable=st.sampled_from([None, None, "order", "user", "none such"]),
    status=st.sampled_from([None, None, "OK", "ERR"]),
    min_ns=st.sampled_from([None, None, 0, 1, 250, 1_000_000, 10**10]),
    max_ns=st.sampled_from([None, None, 0, 999, 1_000_000, 10**10]),
    search=st.sampled_from([None, None, "apple", "100%", "_", '"', "\\", "ï", "日", "<IMG", ",", "nowhere"]),
    query=st.sampled_from([None, *QUERIES]),
    service=st.sampled_from([None, None, "shop", "none such"]),
    host=st.sampled_from([None, None, None, "none such"]),
    instance=st.sampled_from([None, None, None, "none such"]),
)
WINDOWS = st.sampled_from(
    [
        Window(START + 100, START + 3_600 * 10**9 + 1),
        Window(START, START + 4 * 3600 * 10**9),
        Window(START + 1_234_567_890, START + 3_700 * 10**9),
        Window(0, START),
    ]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(filters=FILTERS, window=WINDOWS, order=st.sampled_from(sorted(ORDERS)), limit=st.sampled_from([7, 100, 1000]))
def test_pages_hold_every_wanted_call_once_and_in_order(
    reader: Reader, everything: list[ListedCall], filters: Filters, window: Window, order: str, limit: int
) -> None:
    """Whatever the filters, window, order and page size: page by page gives what a plain reading gives."""
    assert walked(reader, filters, window, order, limit) == expected(everything, filters, window, order)


def test_rows_show_the_wanted_variable_only(reader: Reader) -> None:
    """With a variable filter a call shows that variable's row."""
    found = read_page(reader, Filters(variable="order"), Window(START, START + 10**14))
    assert {value.name for call in found.calls for value in call.values} == {"order"}


def test_rows_show_the_values_with_the_text(reader: Reader) -> None:
    """With a search a call shows the values that have the text; all of them when only the exception has it."""
    found = read_page(reader, Filters(search="日本"), Window(START, START + 10**14), limit=1000)
    for call in found.calls:
        texts = [value.text for value in call.values]
        assert all("日本" in text for text in texts) or "日本" in (call.exception or "")


@pytest.mark.parametrize(
    "cursor", ["x", "-ts~2026~-1", "ts~2026-01-01 00:00:00.000000~1", "-ts~2026~99999999999999999999"]
)
def test_a_foreign_cursor_is_refused(reader: Reader, cursor: str) -> None:
    """A cursor belongs to its order; anything else is an error that says what to do."""
    with pytest.raises(InvalidQuery, match="cursor"):
        read_page(reader, Filters(), Window(START, START + 10**14), "-ts", cursor)


def test_an_unknown_order_is_refused(reader: Reader) -> None:
    """The message lists those there are."""
    with pytest.raises(InvalidQuery, match="-duration"):
        read_page(reader, Filters(), Window(START, START + 10**14), "name")


def test_pages_end_at_the_limit(reader: Reader) -> None:
    """An export stops at its cap, inside a page if need be."""
    found = read_pages(reader, Filters(), Window(START, START + 10**14), "-ts", 130, 50)
    assert [len(part) for part in found] == [50, 50, 30]


def test_the_tail_is_what_arrived_since(path: Path) -> None:
    """Each look gives the calls that were written after the last one, newest first, and where to go on."""
    writer, reader, rng = Writer(path), Reader(path), random.Random(1)
    writer.write([row(rng, number) for number in range(1, 11)])
    start = read_new(reader, Filters(), 0, 0)
    assert [call.ts for call in start.calls] == sorted((call.ts for call in start.calls), reverse=True)
    writer.write([row(rng, number) for number in range(11, 14)])
    assert {call.id for call in read_new(reader, Filters(), start.last_id, 0).calls} == {11, 12, 13}


def test_the_tail_leaves_out_the_oldest_when_there_is_too_much(path: Path) -> None:
    """Calls that arrive faster than they can be shown are cut and reported."""
    writer, reader, rng = Writer(path), Reader(path), random.Random(1)
    writer.write([row(rng, number) for number in range(1, 51)])
    found = read_new(reader, Filters(), 0, 0, limit=20)
    assert ({call.id for call in found.calls}, found.more) == (set(range(31, 51)), True)


def test_the_tail_by_pages(path: Path) -> None:
    """Asked for the oldest first, look after look gives every call once, in order of arrival."""
    writer, reader, rng = Writer(path), Reader(path), random.Random(1)
    writer.write([row(rng, number) for number in range(1, 51)])
    seen: list[int] = []
    more, last_id = True, 0
    while more:
        found = read_new(reader, Filters(), last_id, 0, limit=20, oldest=True)
        last_id, more = found.last_id, found.more
        seen += sorted(call.id for call in found.calls)
    assert (seen, last_id) == (list(range(1, 51)), 50)
