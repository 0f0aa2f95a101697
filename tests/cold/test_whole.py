"""A store and its archive answer like one store that has everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from archive_rows import BEGIN_NS, HOUR_NS, row

from obsv.archive import Archiver, Targets, Window, open_target, thaw
from obsv.cold import WholeStore, open_whole
from obsv.cold.thawed import Thawed
from obsv.errors import ForeignFile, InvalidQuery, NotFound
from obsv.store import Source, SpanRow, Writer
from obsv.store.figures import LogFilters
from obsv.store.finding import EVERY_SPAN, NO_SPAN, Filters, Page
from obsv.store.ground import MINUTE_NS, LogRow
from obsv.store.ground import Window as Times
from obsv.store.seam import SQLiteStore
from obsv.store.writing import ArchiveBook

CALLS, HOURS = 240, 4
NOW_NS = BEGIN_NS + 24 * HOUR_NS
ALL, ANY = Times(BEGIN_NS, NOW_NS), Filters()


def trace_of(number: int) -> bytes:
    """An ID that begins with the time, as ours do; five calls have one."""
    first = number // 5 * 5
    began_ms = (BEGIN_NS + first * HOURS * HOUR_NS // CALLS) // 1_000_000
    return began_ms.to_bytes(6, "big") + first.to_bytes(10, "big")


def rows() -> list[SpanRow]:
    """A call a minute, arriving a little out of order."""
    made = [
        row(number + 1, number * 60 * HOURS / CALLS)._replace(trace_id=trace_of(number), parent_span_id=None)
        for number in range(CALLS)
    ]
    return [made[at ^ 1] for at in range(CALLS)]


def logs() -> list[LogRow]:
    source = Source("shop", "{}", '{"name": "orders"}')
    return [
        LogRow(source, BEGIN_NS + n * HOUR_NS // 10, 9, "INFO", "tick", "null", f'{{"n":{n}}}', trace_of(n * 6))
        for n in range(HOURS * 10)
    ]


@pytest.fixture
def everything(tmp_path: Path) -> Iterator[SQLiteStore]:
    """A store without an archive."""
    with closing(Writer(tmp_path / "all.db")) as writer:
        writer.write(rows(), logs=logs())
    with closing(SQLiteStore(tmp_path / "all.db")) as store:
        yield store


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """The same calls: three hours are in the archive, of which the database still has the third, and a late call."""
    db = tmp_path / "hot.db"
    book = ArchiveBook(db)
    with closing(Writer(db)) as writer:
        made = rows()
        for first in range(0, CALLS, 30):  # a batch gives ids in an order of its own
            writer.write(made[first : first + 30])
        writer.write([], logs=logs())
        with closing(SQLiteStore(db)) as store, closing(book):
            book.open((tmp_path / "archive").as_uri(), 0)
            archiver = Archiver(store, book, open_target(str(tmp_path / "archive")), Window(HOUR_NS, None))
            while archiver.step(BEGIN_NS + (HOURS) * HOUR_NS + 1):
                pass
        while writer.retain(BEGIN_NS + HOURS * HOUR_NS, max_age_ns=2 * HOUR_NS).more:
            pass
    with closing(SQLiteStore(db)) as store:
        left = store.run_sql("select count(*) from process_trace").rows[0][0]
        assert isinstance(left, int)
        assert CALLS // 2 <= left < CALLS // 2 + 4
    return db


@pytest.fixture
def whole(db: Path) -> Iterator[WholeStore]:
    with closing(open_whole(db)) as store:
        assert isinstance(store, WholeStore)
        yield store


def spans_on(store: SQLiteStore, order: str, limit: int, filters: Filters = ANY, window: Times = ALL) -> list[str]:
    """All calls, page by page."""
    found, cursor = [], None
    for _ in range(1_000):
        page = store.read_page(filters, window, order, cursor, limit)
        found += [call.span_id for call in page.calls]
        cursor = page.cursor
        if cursor is None:
            return found
    raise AssertionError("the pages have no end")


@pytest.mark.parametrize("order", ["-ts", "ts", "-duration"])
@pytest.mark.parametrize("limit", [7, 100, 1_000])
def test_pages_are_those_of_one_store(everything: SQLiteStore, whole: WholeStore, order: str, limit: int) -> None:
    """Every call once, in order, whatever the size of a page."""
    found, expected = spans_on(whole, order, limit), spans_on(everything, order, 1_000)
    assert len(found) == CALLS
    if order == "-duration":  # all take equally long
        assert sorted(found) == sorted(expected)
    else:
        assert found == expected


@pytest.mark.parametrize(
    "filters",
    [Filters(status="ERR"), Filters(search="'Zoë'"), Filters(process="shop.orders.place"), Filters(group="no")],
)
def test_filters_hold_in_both(everything: SQLiteStore, whole: WholeStore, filters: Filters) -> None:
    """The matching calls, and no others."""
    assert spans_on(whole, "-ts", 10, filters) == spans_on(everything, "-ts", 1_000, filters)


def test_a_window_in_the_archive_alone(everything: SQLiteStore, whole: WholeStore) -> None:
    """Also one that ends in the middle of an hour, after another has been read."""
    for first, last in ((0.2, 0.7), (0.5, 1.5), (0.1, 0.4)):
        window = Times(BEGIN_NS + int(first * HOUR_NS), BEGIN_NS + int(last * HOUR_NS))
        expected = spans_on(everything, "-ts", 1_000, window=window)
        assert expected
        assert spans_on(whole, "-ts", 4, window=window) == expected


def test_the_cursor_of_a_call_leads_on_in_both(everything: SQLiteStore, whole: WholeStore) -> None:
    """A cursor of the file is a place in the archive too."""
    with closing(SQLiteStore(Path(whole.name))) as hot:
        cursor = hot.read_page(ANY, ALL, "-ts", None, 100).cursor
    found = [call.span_id for call in whole.read_page(ANY, ALL, "-ts", cursor, 50).calls]
    assert found == spans_on(everything, "-ts", 1_000)[100 : 100 + len(found)]
    assert found


def test_a_trace_names_its_hour(everything: SQLiteStore, whole: WholeStore) -> None:
    """Its calls, its spans, its log records, and a call of it with what was before."""
    trace = trace_of(30).hex()
    assert whole.known_trace(trace) == trace
    assert sorted(whole.read_trace_columns(trace).span_id) == sorted(everything.read_trace_columns(trace).span_id)
    assert [span.span_id for span in whole.spans_of_trace(trace)] == [
        span.span_id for span in everything.spans_of_trace(trace)
    ]
    span = f"{31:016x}"
    assert [call.span_id for call in whole.calls_of_trace(trace, [span])] == [span]
    assert whole.read_call(trace, span)._replace(id=0) == everything.read_call(trace, span)._replace(id=0)
    assert whole.read_detail(trace, span).call._replace(id=0) == everything.read_detail(trace, span).call._replace(id=0)
    filters = LogFilters(trace_id=trace)
    assert [line.attributes for line in whole.read_logs(filters, ALL).lines] == [
        line.attributes for line in everything.read_logs(filters, ALL).lines
    ]


def test_a_view_reaches_the_archive_too(everything: SQLiteStore, whole: WholeStore) -> None:
    """The APIs of traces read several things in one."""
    trace = trace_of(30).hex()
    with whole.view() as view:
        assert view.read_trace(trace) is not None
        assert view.find_traces(EVERY_SPAN, BEGIN_NS, BEGIN_NS + HOUR_NS, 5) == everything.find_traces(
            EVERY_SPAN, BEGIN_NS, BEGIN_NS + HOUR_NS, 5
        )
        assert spans_on(view, "-ts", 100) == spans_on(everything, "-ts", 1_000)
    assert whole.known_trace(trace) == trace


def test_a_trace_that_is_nowhere(whole: WholeStore) -> None:
    """In no hour, and in one that is archived."""
    for trace in ("f" * 32, trace_of(30).hex()[:-1] + "f"):
        with pytest.raises(NotFound):
            whole.known_trace(trace)
        assert whole.read_trace(trace) is None


def test_a_trace_of_another_instrumentation(tmp_path: Path) -> None:
    """Its ID is random: it is searched in all parts, and one that is in none is not searched again."""
    db, trace = tmp_path / "hot.db", bytes([0xAB] * 16)
    with closing(Writer(db)) as writer, closing(SQLiteStore(db)) as store, closing(ArchiveBook(db)) as book:
        for hour in range(3):
            made = row(hour + 1, 60 * hour)
            writer.write([made._replace(trace_id=trace) if hour == 0 else made])
        book.open((tmp_path / "archive").as_uri(), 0)
        archiver = Archiver(store, book, open_target(str(tmp_path / "archive")), Window(HOUR_NS, None))
        while archiver.step(NOW_NS):
            pass
        while writer.retain(NOW_NS, max_age_ns=1).more:
            pass
    with closing(WholeStore(db)) as whole:
        assert whole.known_trace(trace.hex()) == trace.hex()
        for _ in range(2):
            with pytest.raises(NotFound):
                whole.known_trace("cd" * 16)
        assert whole._shared.thawed is not None
        assert len(whole._shared.thawed._misses) == 1


def test_recent_traces_without_a_match_are_not_searched(whole: WholeStore, everything: SQLiteStore) -> None:
    """The archive is not read for what the database has."""
    latest = everything.find_traces(EVERY_SPAN, BEGIN_NS, NOW_NS, 5)
    assert whole.matches(NO_SPAN, latest, 3) == {}
    assert whole._shared.thawed is None


def test_traces_are_found_and_summarized(everything: SQLiteStore, whole: WholeStore) -> None:
    """The latest ones, and those of an archived hour."""
    for window in (ALL, Times(BEGIN_NS, BEGIN_NS + HOUR_NS)):
        found = everything.find_traces(EVERY_SPAN, window.start_ns, window.end_ns, 40)
        assert whole.find_traces(EVERY_SPAN, window.start_ns, window.end_ns, 40) == found
        assert whole.summarize(found) == everything.summarize(found)
        assert len(whole.read_traces(found)) == len(found)
        assert whole.matches(EVERY_SPAN, found, 3).keys() == everything.matches(EVERY_SPAN, found, 3).keys()


def test_log_records_of_both(everything: SQLiteStore, whole: WholeStore) -> None:
    """Each once, newest first, page by page."""

    def on(store: SQLiteStore) -> list[str]:
        found, cursor = [], None
        while True:
            page = store.read_logs(LogFilters(), ALL, cursor, 7)
            found += [line.attributes for line in page.lines]
            cursor = page.cursor
            if cursor is None:
                return found

    assert on(whole) == on(everything)
    assert len(on(whole)) == HOURS * 10


def test_errors_of_an_archived_window(everything: SQLiteStore, whole: WholeStore) -> None:
    """As if it had never left."""
    window = Times(BEGIN_NS, BEGIN_NS + HOUR_NS)
    found, expected = whole.read_errors(Filters(), window, 5), everything.read_errors(Filters(), window, 5)
    assert (found.errors, found.outermost) == (expected.errors, expected.outermost)
    assert [call.span_id for call in found.calls] == [call.span_id for call in expected.calls]


def test_figures_of_archived_hours_stay(everything: SQLiteStore, whole: WholeStore, db: Path) -> None:
    """The rollups outlive their calls as long as the archive keeps them."""
    with closing(Writer(db)) as writer:
        for _ in range(3):
            while writer.retain(NOW_NS, max_age_ns=HOUR_NS).more:
                pass
    window = Times(BEGIN_NS, BEGIN_NS + HOUR_NS)
    assert whole.read_overview(window).now == everything.read_overview(window).now


SUMS = """
select * from (
  select 'of all' || total as kind, minute, p.name as process, '' as parent, bucket, h.count as calls, 0 as errors,
    0 as total_ns, 0 as max_ns
  from histogram h left join process p on p.id = h.process_id
  union all
  select 'of one' || edge, minute, p.name, (select name from process where id = parent_id), 0, c.count, errors,
    total_ns, max_ns
  from calls_minute c join process p on p.id = c.process_id)
where minute between {} and {} order by 1, 2, 3, 4, 5
"""


def test_sums_are_remade_of_archived_calls(db: Path, tmp_path: Path, everything: SQLiteStore) -> None:
    """So they need no place in the archive: a restored file has those of the database that recorded the calls."""
    with closing(ArchiveBook(db)) as book, closing(Writer(tmp_path / "restored.db")) as writer:
        thaw(book.parts(), Targets(), writer)
        with closing(SQLiteStore(tmp_path / "restored.db")) as restored:
            window = Times(BEGIN_NS, BEGIN_NS + 2 * HOUR_NS)
            assert restored.read_overview(window).now == everything.read_overview(window).now
            minutes = BEGIN_NS // MINUTE_NS, (BEGIN_NS + 2 * HOUR_NS) // MINUTE_NS - 1
            sums = [each.run_sql(SUMS.format(*minutes)).rows for each in (restored, everything)]
    assert sums[0] == sums[1]
    assert len(sums[0]) > 100


def test_a_question_takes_what_its_time_allows(db: Path, tmp_path: Path) -> None:
    """A page without a call then has a cursor; an order that needs everything is refused."""
    whole = WholeStore(db)
    ticks = iter(range(10**9))
    whole._shared.thawed = Thawed(db, budget_s=1, clock=lambda: float(next(ticks)))
    with closing(whole):
        assert len(spans_on(whole, "-ts", 50)) == CALLS
    whole = WholeStore(db)
    whole._shared.thawed = Thawed(db, budget_s=0, clock=lambda: float(next(ticks)))
    with closing(whole), pytest.raises(InvalidQuery, match="newest first"):
        whole.read_page(Filters(), ALL, "ts")


def test_the_temporary_store_is_bounded_and_removed(db: Path, tmp_path: Path, everything: SQLiteStore) -> None:
    """It begins anew when it is too large, and is gone when it is closed."""
    whole = WholeStore(db)
    thawed = whole._shared.thawed = Thawed(db, most_bytes=1)
    assert spans_on(whole, "-ts", 10) == spans_on(everything, "-ts", 1_000)
    place = Path(thawed.store.name)
    assert place.exists()
    whole.close()
    assert not place.parent.exists()


def test_damage_is_said(whole: WholeStore, tmp_path: Path) -> None:
    """With the name of the part."""
    for part in (tmp_path / "archive" / "calls").rglob("*.parquet"):
        part.write_bytes(b"PAR1")
    with pytest.raises(ForeignFile, match="is damaged"):
        whole.read_page(Filters(), Times(BEGIN_NS, BEGIN_NS + HOUR_NS))


def test_pages_of_an_archive_that_is_off(whole: WholeStore, db: Path) -> None:
    """The database alone answers; only a trace of the archive itself is told that the archive is off."""
    with closing(ArchiveBook(db)) as book:
        book.close_archive()
    trace = trace_of(30).hex()
    assert CALLS // 2 <= len(spans_on(whole, "-ts", 100)) < CALLS
    assert len(spans_on(whole, "ts", 100)) < CALLS
    assert whole.read_logs(LogFilters(trace_id=trace), ALL).cursor is None
    assert whole.latest_errors(Times(BEGIN_NS, BEGIN_NS + HOUR_NS), 5) == []
    assert whole.find_traces(EVERY_SPAN, BEGIN_NS, NOW_NS, CALLS)
    assert whole.read_traces([trace]) == whole.summarize([trace]) == []
    with pytest.raises(NotFound, match="archive that is off"):
        whole.read_call(trace, f"{31:016x}")


@pytest.fixture
def scattered(tmp_path: Path) -> Iterator[WholeStore]:
    """The trace `abab…` has a call in each of three parts, of which each question has time for one."""
    db, trace = tmp_path / "hot.db", bytes([0xAB] * 16)
    with closing(Writer(db)) as writer, closing(SQLiteStore(db)) as store, closing(ArchiveBook(db)) as book:
        for hour in range(3):
            writer.write([row(hour + 1, 60 * hour)._replace(trace_id=trace, parent_span_id=None)])
        book.open((tmp_path / "archive").as_uri(), 0)
        archiver = Archiver(store, book, open_target(str(tmp_path / "archive")), Window(HOUR_NS, None))
        while archiver.step(NOW_NS):
            pass
        while writer.retain(NOW_NS, max_age_ns=1).more:
            pass
    with closing(WholeStore(db)) as whole:
        whole._shared.thawed = Thawed(db, budget_s=0)
        yield whole


def test_a_search_that_ran_out_of_time_goes_on(scattered: WholeStore) -> None:
    """The calls found so far are shown; the next questions find the rest."""
    assert [len(scattered.spans_of_trace("ab" * 16)) for _ in range(4)] == [1, 2, 3, 3]


def test_a_miss_counts_when_all_was_searched(scattered: WholeStore) -> None:
    """Three questions search one part each."""
    thawed = scattered._shared.thawed
    assert thawed is not None
    for misses in (0, 0, 1):
        assert scattered.spans_of_trace("cd" * 16) == []
        assert len(thawed._misses) == misses


def test_times_of_rows_go_with_their_files(whole: WholeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded, however many parts are read."""
    monkeypatch.setattr("obsv.cold.thawed._FILES_BYTES", 1)
    assert len(spans_on(whole, "-ts", 1_000)) == CALLS
    thawed = whole._shared.thawed
    assert thawed is not None
    assert thawed._starts.keys() <= thawed._files.keys()
    assert len(thawed._files) == 1


def test_a_store_is_removed_when_the_last_reader_has_left(db: Path, tmp_path: Path) -> None:
    """Another question makes no room, and a server's end closes nothing, while it is read."""
    whole = WholeStore(db)
    thawed = whole._shared.thawed = Thawed(db, most_bytes=1)
    with thawed.reading():
        assert len(spans_on(whole, "-ts", 50)) == CALLS
        place = Path(thawed.store.name)
        whole.close()
        assert place.exists()
        assert thawed.store.read_page(ANY, ALL, "-ts", None, 5).calls
    assert not place.parent.exists()


def test_parts_of_two_addresses(whole: WholeStore, db: Path, tmp_path: Path) -> None:
    """Are read as one archive."""
    with closing(ArchiveBook(db)) as book, closing(SQLiteStore(db)) as store:
        before = len(book.parts())
        book.open((tmp_path / "new").as_uri(), 1)
        archiver = Archiver(store, book, open_target(str(tmp_path / "new")), Window(1, None))
        while archiver.step(NOW_NS, at_once=True):
            pass
        assert len(book.parts()) > before
    with closing(Writer(db)) as writer:
        while writer.retain(NOW_NS, max_age_ns=1).more:
            pass
    assert len(spans_on(whole, "-ts", 1_000)) == CALLS


def test_a_page_outlives_the_end_of_its_store(whole: WholeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that ends, or an archive that gets another address, takes nothing from a question that runs."""
    read = SQLiteStore.read_page

    def read_page(store: SQLiteStore, *arguments: Any) -> Page:
        thawed = whole._shared.thawed
        if thawed is not None:
            thawed.close()
        return read(store, *arguments)

    monkeypatch.setattr(SQLiteStore, "read_page", read_page)
    assert len(spans_on(whole, "-ts", 1_000)) == CALLS


def test_a_trace_of_the_archive_is_kept(whole: WholeStore, tmp_path: Path) -> None:
    """It is read when the archive is gone."""
    trace = trace_of(30).hex()
    before = sorted(whole.read_trace_columns(trace).span_id)
    assert whole.keep_trace(trace, "", 5).spans == len(before)
    with closing(ArchiveBook(Path(whole.name))) as book:
        book.close_archive()
    for file in (tmp_path / "archive").rglob("*.parquet"):
        file.unlink()
    assert sorted(whole.read_trace_columns(trace).span_id) == before
