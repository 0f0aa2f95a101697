"""Pages of log records, and what is new."""

import pytest
from store_rows import SHOP, START_NS, span_id, trace_id

from obsv.errors import InvalidQuery
from obsv.store import Reader, Source, Writer
from obsv.store.figures.logs import LogFilters, read_logs, read_new_logs
from obsv.store.ground import LogRow, Window

WINDOW = Window(START_NS, START_NS + 10_000_000_000)
WEB = Source("web", "{}", '{"name":"http"}')


@pytest.fixture
def logs(writer: Writer) -> list[LogRow]:
    """A hundred, two of each in one microsecond."""
    rows = [
        LogRow(
            (SHOP, WEB)[number % 2],
            START_NS + 500 * number,
            (5, 9, 13, 17, 21)[number % 5],
            "",
            "order.rejected" if number % 10 == 0 else "",
            f'"message {number}"',
            f'{{"number":{number},"Shelf":"TEA"}}',
            trace_id(number % 3) if number % 3 else b"",
            span_id(number) if number % 3 else b"",
            "shop.sell" if number % 4 == 0 else "",
        )
        for number in range(100)
    ]
    writer.write([], logs=rows)
    return rows


def bodies(lines: object) -> list[str]:
    return [line.body.strip('"').removeprefix("message ") for line in lines]  # type: ignore[attr-defined]


def test_pages_hold_each_once(logs: list[LogRow], reader: Reader) -> None:
    """Newest first, also where several are in one microsecond."""
    found, cursor = [], None
    while True:
        page = read_logs(reader, LogFilters(), WINDOW, cursor, 7)
        found += page.lines
        cursor = page.cursor
        if cursor is None:
            break
    assert bodies(found) == [str(number) for number in reversed(range(100))]


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (LogFilters(severity=17), lambda n: n % 5 >= 3),
        (LogFilters(severity=10), lambda n: n % 5 >= 2),
        (LogFilters(event="order.rejected"), lambda n: n % 10 == 0),
        (LogFilters(process="shop.sell"), lambda n: n % 4 == 0),
        (LogFilters(service="web"), lambda n: n % 2),
        (LogFilters(trace_id=trace_id(1).hex().upper()), lambda n: n % 3 == 1),
        (LogFilters(trace_id=trace_id(1).hex(), span_id=span_id(7).hex()), lambda n: n == 7),
        (LogFilters(text="tea"), lambda n: True),
        (LogFilters(text="MESSAGE 9", severity=13), lambda n: str(n).startswith("9") and n % 5 >= 2),
        (LogFilters(text="rejected"), lambda n: n % 10 == 0),
    ],
)
def test_filters(logs: list[LogRow], reader: Reader, filters: LogFilters, wanted: object) -> None:
    """Joined by and; pages and what is new agree on them."""
    expected = [str(number) for number in range(100) if wanted(number)]  # type: ignore[operator]
    assert bodies(reversed(read_logs(reader, filters, WINDOW, limit=1_000).lines)) == expected
    assert bodies(read_new_logs(reader, filters, 0).lines) == expected


def test_window(logs: list[LogRow], reader: Reader) -> None:
    """From its start up to, not including, its end."""
    part = Window(START_NS + 10_000, START_NS + 20_000)
    assert bodies(read_logs(reader, LogFilters(), part).lines) == [str(number) for number in reversed(range(20, 40))]


def test_what_is_new(logs: list[LogRow], reader: Reader, writer: Writer) -> None:
    """Each once, in order of arrival, a page after the other."""
    start = read_new_logs(reader, LogFilters(), -1)
    assert (start.lines, start.last_id, start.more) == ([], 100, False)
    writer.write([], logs=[logs[0]._replace(time_ns=START_NS - 5 * number) for number in range(1, 6)])
    first = read_new_logs(reader, LogFilters(), start.last_id, limit=3)
    second = read_new_logs(reader, LogFilters(), first.last_id, limit=3)
    assert [line.time_ns for line in (*first.lines, *second.lines)] == [START_NS - 5 * n for n in range(1, 6)]
    assert (first.more, second.more) == (True, False)


@pytest.mark.parametrize("cursor", ["", "x", "1", "1.x", "-1.2", "1.99999999999999999999"])
def test_a_forged_cursor_is_refused(logs: list[LogRow], reader: Reader, cursor: str) -> None:
    """By name."""
    with pytest.raises(InvalidQuery, match="cursor"):
        read_logs(reader, LogFilters(), WINDOW, cursor)


def test_questions_are_index_walks(logs: list[LogRow], reader: Reader) -> None:
    """None sorts, or reads the whole table."""
    asked: list[tuple[str, object]] = []

    class Asking:
        def query(self, sql: str, params: object = ()) -> list[object]:
            asked.append((sql, params))
            return reader.query(sql, params)  # type: ignore[arg-type, return-value]

    for filters in (LogFilters(), LogFilters(severity=17), LogFilters(event="x"), LogFilters(process="y")):
        read_logs(Asking(), filters, WINDOW)  # type: ignore[arg-type]
    for sql, params in asked:
        if "log_record l" in sql:
            plan = " ".join(row[3] for row in reader.query(f"explain query plan {sql}", params))  # type: ignore[arg-type]
            assert "USE TEMP B-TREE" not in plan, plan
            assert "SCAN l" not in plan, plan
