"""Kept traces: read as before when retention has deleted their calls, whatever is asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from calls import EPOCH_NS, TRACE, call, span_id

from obsv.acting import ACTOR, Actor
from obsv.cold import WholeStore, open_whole
from obsv.cold.unpacked import MOST_STORES
from obsv.errors import Forbidden, ForeignFile, InvalidQuery, NotFound
from obsv.store import Writer
from obsv.store.figures import LogFilters
from obsv.store.finding import EVERY_SPAN
from obsv.store.ground import Code, LogRow, Source, Window
from obsv.store.writing import packed_trace

OTHER = "fe" * 16
CODE = Code("/shop/orders.py", 12, "def price(symbol):\n    return 1 / 0\n")
EVER = Window(0, 2**62)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A trace of three calls, one failed with its exact inputs, and a log record; another trace beside it."""
    db = tmp_path / "obsv.db"
    failed = call(2, 1, name="shop.price", start=2, inputs={"symbol": "'A'"}, error="ValueError: no\n", code=CODE)
    log = LogRow(Source("shop"), EPOCH_NS, 9, "INFO", "tick", '"hello"', "{}", bytes.fromhex(TRACE), bytes(8))
    with closing(Writer(db)) as writer:
        writer.write(
            [call(1, name="shop.buy"), failed._replace(exact='{"symbol":"\'A\'"}'), call(3, 2, start=3)], logs=[log]
        )
        writer.write([call(9, trace=OTHER)])
    return db


@pytest.fixture
def store(db: Path) -> Iterator[WholeStore]:
    with closing(open_whole(db)) as store:
        assert isinstance(store, WholeStore)
        yield store


def retain(db: Path) -> None:
    """Delete everything that is older than a minute, as a keeper does in the year 2100."""
    with closing(Writer(db)) as writer:
        while writer.retain(4_100_000_000_000_000_000, max_age_ns=60_000_000_000).more:
            pass
    with closing(sqlite3.connect(db)) as file:
        assert file.execute("select (select count(*) from span), (select count(*) from log_record)").fetchone() == (
            0,
            0,
        )


def answers(store: WholeStore) -> dict[str, object]:
    """Return the answers to the questions of pages, API and commands about one trace."""
    read, failed = store.read_call(TRACE, span_id(2)), span_id(2)
    return {
        "tree": sorted(store.read_trace_columns(TRACE).span_id),
        "call": read._replace(id=0),
        "by its span alone": store.find_call(failed)._replace(id=0),
        "exact": store.read_exact(read),
        "detail": store.read_detail(TRACE, failed).call._replace(id=0),
        "spans": [span.span_id for span in store.spans_of_trace(TRACE)],
        "viewer": store.read_trace(TRACE),
        "viewers": store.read_traces([TRACE]),
        "search": store.search_trace(TRACE, "'a'"),
        "in short": [each.exception for each in store.calls_of_trace(TRACE, [failed])],
        "summary": store.summarize([TRACE]),
        "matches": store.matches(EVERY_SPAN, [TRACE], 9),
        "values": sorted(each.span_id for each in store.valued_calls(EVER, TRACE).calls),
        "logs": [line.body for line in store.read_logs(LogFilters(trace_id=TRACE), EVER).lines],
        "known": store.known_trace(TRACE[1:]),
    }


def test_a_kept_trace_reads_as_before(db: Path, store: WholeStore) -> None:
    """With values, source, exact inputs and log records; the other trace is gone."""
    before = answers(store)
    kept = store.keep_trace(TRACE.upper(), "the one of Monday", 5)
    assert (kept.process, kept.spans, kept.errors, kept.exception) == ("shop.buy", 3, 1, "ValueError: no")
    retain(db)
    assert answers(store) == before
    with store.view() as view:
        assert answers(view) == before
    with pytest.raises(NotFound):
        store.known_trace(OTHER)


def test_what_is_half_deleted_reads_whole(db: Path, store: WholeStore) -> None:
    """Retention takes successes before errors, and log records by themselves."""
    before = answers(store)
    store.keep_trace(TRACE, "", 5)
    with closing(sqlite3.connect(db)) as file:
        file.execute("delete from span where status <> 2 and trace = ?", (TRACE,))
        file.commit()
    assert answers(store) == before


def test_log_records_alone_may_be_gone(db: Path, store: WholeStore) -> None:
    """They are read from what was kept."""
    store.keep_trace(TRACE, "", 5)
    with closing(sqlite3.connect(db)) as file:
        file.execute("delete from log_record")
        file.commit()
    assert len(store.read_logs(LogFilters(trace_id=TRACE), EVER).lines) == 1


def test_a_trace_that_went_on_is_kept_again_whole(db: Path, store: WholeStore) -> None:
    """One with fewer calls than were kept gets another note only."""
    store.keep_trace(TRACE, "first", 5)
    with closing(Writer(db)) as writer:
        writer.write([call(4, 1, start=5)])
    assert (store.keep_trace(TRACE, "second", 6).note, store.read_kept().traces[0].kept_ns) == ("second", 6)
    assert store.read_kept().traces[0].spans == 4
    retain(db)
    again = store.keep_trace(TRACE, "third", 7)
    assert (again.note, again.spans, len(store.read_kept().traces)) == ("third", 4, 1)
    assert len(store.spans_of_trace(TRACE)) == 4


def test_one_that_is_removed_is_gone(db: Path, store: WholeStore) -> None:
    """At once, also for a process that has read it; its calls, while they are there, stay."""
    store.keep_trace(TRACE, "", 5)
    store.kept_book().remove(TRACE)
    assert store.known_trace(TRACE) == TRACE
    store.keep_trace(TRACE, "", 6)
    retain(db)
    assert store.known_trace(TRACE) == TRACE
    store.kept_book().remove(TRACE)
    with pytest.raises(NotFound):
        store.read_trace_columns(TRACE)
    with pytest.raises(NotFound, match="not kept"):
        store.kept_book().remove(TRACE)


def test_they_are_bounded(store: WholeStore) -> None:
    """By a size for all of them, of which a size limit allows a quarter, and in calls each."""
    store.kept_book().limit(100, 1)
    with pytest.raises(InvalidQuery, match="Remove some"):
        store.keep_trace(TRACE, "", 5)
    store.kept_book().limit(10_000_000, 2)
    assert store.keep_trace(TRACE, "", 5).bytes <= store.read_kept().bytes
    with closing(Writer(Path(store.name))) as writer:
        writer.limit(max_bytes=1_000_000)
    assert store.read_kept().most_bytes == 250_000


def test_a_trace_of_too_many_calls_is_refused(store: WholeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what else can be done."""
    monkeypatch.setattr(packed_trace, "MOST_SPANS", 2)
    with pytest.raises(InvalidQuery, match="obsv export"):
        store.keep_trace(TRACE, "", 5)


def test_keeping_has_an_author_who_may(store: WholeStore) -> None:
    """Editors keep and remove, admins limit, viewers read; each change is in the audit."""
    reset = ACTOR.set(Actor("eva", "editor", "app"))
    try:
        assert store.keep_trace(TRACE, "why", 5).kept_by == "eva"
        with pytest.raises(Forbidden):
            store.kept_book().limit(1, 1)
        store.kept_book().remove(TRACE)
        ACTOR.set(Actor("vic", "viewer", "app"))
        with pytest.raises(Forbidden):
            store.keep_trace(TRACE, "", 6)
        assert [(each.actor, each.action) for each in store.read_audit()] == [
            ("eva", "remove kept trace"),
            ("eva", "keep trace"),
        ]
    finally:
        ACTOR.reset(reset)


def test_a_damaged_one_says_so(db: Path, store: WholeStore) -> None:
    """Others are read as ever."""
    store.keep_trace(TRACE, "", 5)
    retain(db)
    with closing(sqlite3.connect(db)) as file:
        file.execute("update kept_trace set content = x'00112233'")
        file.commit()
    with pytest.raises(ForeignFile, match="damaged"):
        store.read_trace_columns(TRACE)


def test_only_the_latest_are_unpacked(db: Path, store: WholeStore) -> None:
    """Each is read however many there are, and nothing is left when the store is closed."""
    ids = [f"{number:032x}" for number in range(1, MOST_STORES + 4)]
    with closing(Writer(db)) as writer:
        writer.write([call(number, trace=each) for number, each in enumerate(ids, 1)])
    for each in ids:
        store.keep_trace(each, "", 5)
    retain(db)
    assert [store.spans_of_trace(each)[0].trace_id.hex() for each in (*ids, *ids)] == [*ids, *ids]
    unpacked = store._shared.unpacked
    assert unpacked is not None
    directory = unpacked._directory
    assert directory is not None
    assert len(list(directory.glob("*.db"))) == MOST_STORES
    store.close()
    assert not directory.exists()


def test_who_may_not_see_values_sees_none_of_a_kept_trace(db: Path, store: WholeStore) -> None:
    """Neither in its calls nor in the list."""
    store.keep_trace(TRACE, "note", 5)
    retain(db)
    reset = ACTOR.set(Actor("vic", "viewer", "app", False))
    try:
        (kept,) = store.read_kept().traces
        assert (kept.note, kept.exception.startswith("ValueError: "), "no" in kept.exception) == ("note", True, False)
        call = store.read_call(TRACE, span_id(2))
        assert "'A'" not in str(call)
        assert store.read_exact(call) is None
        assert store.run_sql("select content from kept_trace").rows == [(None,)]
    finally:
        ACTOR.reset(reset)
    assert "'A'" in str(store.read_call(TRACE, span_id(2)))


def test_all_are_counted_though_the_list_ends_at_a_thousand(db: Path, store: WholeStore) -> None:
    """Those kept last are listed."""
    store.keep_trace(TRACE, "", 5)
    with closing(sqlite3.connect(db)) as file, file:
        names = [row[1] for row in file.execute("pragma table_info(kept_trace)") if row[1] not in ("id", "trace_id")]
        rest = ", ".join(names)
        file.execute(
            f"with recursive n(i) as (select 1 union all select i + 1 from n where i < 1004) "
            f"insert into kept_trace(trace_id, {rest}) select printf('%032x', i), {rest} from n, kept_trace"
        )
    found = store.read_kept()
    assert (found.total, len(found.traces)) == (1_005, 1_000)
    assert found.traces[0].bytes * 1_005 == found.bytes
