"""Decisions of a store and of its archive are answered as one, with outcomes that come long after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from decision_rows import SECOND_NS, counterfactual, decision, gate, outcome
from store_rows import START_NS

from obsv.archive import Archiver, Targets, Window, open_target, thaw
from obsv.cold import WholeStore
from obsv.cold.merging import merged_decisions
from obsv.cold.sql import run_over_both
from obsv.errors import NotFound
from obsv.store import Writer
from obsv.store.figures import DecisionFilters, DecisionLine, Decisions, GateFilters
from obsv.store.ground import HOUR_NS, Cursor, Range
from obsv.store.ground import Window as Times
from obsv.store.seam import SQLiteStore
from obsv.store.writing import ArchiveBook

COUNT = 40
DAY_NS = 24 * HOUR_NS
NOW_NS = START_NS + 100 * DAY_NS
ALL, ANY = Times(START_NS - DAY_NS, NOW_NS), DecisionFilters()
VIEWS = ("decision", "gate_result", "outcome", "counterfactual")


def at_ns(number: int) -> int:
    """Half of them 95 days ago, the others in the last hours."""
    return START_NS + number * SECOND_NS + (0 if number <= COUNT // 2 else 98 * DAY_NS)


def fill(db: Path) -> None:
    """Decisions of two gates, every third refused; each with its result."""
    rows = []
    for number in range(1, COUNT + 1):
        refused = number % 3 == 0
        gates = gate(observed=6.5 if refused else 3), gate("depth", 2.0, shadow=refused, template="{observed} deep")
        made = decision(number, *gates, inputs=[["px", {"doubleValue": "NaN"}, START_NS]], fields={"side": "Zoë"})
        told = counterfactual(number, "bad", pnl=number) if refused else outcome(number, pnl=number / 7)
        shift = at_ns(number) - made.time_ns
        rows += [made._replace(time_ns=made.time_ns + shift), told._replace(time_ns=told.time_ns + shift)]
    with closing(Writer(db)) as writer:
        writer.write([], logs=rows)


def archive(db: Path, target: Path) -> None:
    book = ArchiveBook(db)
    with closing(SQLiteStore(db)) as store, closing(book):
        book.open(target.as_uri(), 0)
        archiver = Archiver(store, book, open_target(str(target)), Window(HOUR_NS, None, 90 * DAY_NS, 90 * DAY_NS))
        while archiver.step(NOW_NS):
            pass
        archiver.compact(NOW_NS)
        assert archiver.verify().is_whole
    with closing(Writer(db)) as writer:
        writer.limit(decision_age_ns=90 * DAY_NS)
        while writer.retain(NOW_NS).more:
            pass


@pytest.fixture
def everything(tmp_path: Path) -> Iterator[SQLiteStore]:
    fill(tmp_path / "all.db")
    with closing(SQLiteStore(tmp_path / "all.db")) as store:
        yield store


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[WholeStore]:
    """The same, the older half only in the archive."""
    fill(tmp_path / "hot.db")
    archive(tmp_path / "hot.db", tmp_path / "archive")
    with closing(WholeStore(tmp_path / "hot.db")) as store:
        yield store


def pages(store: SQLiteStore, limit: int) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    cursor = None
    while True:
        page = store.read_decisions(ANY, ALL, cursor, limit)
        found += [tuple(line)[1:] for line in page.lines]
        cursor = page.cursor
        if cursor is None:
            return found


def test_the_older_half_is_only_in_the_archive(whole: WholeStore) -> None:
    """Retention has deleted what was archived, gates and outcomes too."""
    counts = ", ".join(f"(select count(*) from {name})" for name in ("decision", "gate_result", "outcome_seen"))
    assert whole.run_sql(f"select {counts}").rows == [(COUNT // 2, COUNT, COUNT // 2)]
    state = whole.read_archive()
    assert state is not None
    assert (state.decisions, state.outcomes) == (COUNT // 2, COUNT // 2)


@pytest.mark.parametrize("limit", [3, 500])
def test_pages_go_on_in_the_archive(whole: WholeStore, everything: SQLiteStore, limit: int) -> None:
    """All in order, each once, with the latest of what came of them."""
    assert pages(whole, limit) == pages(everything, limit)


@pytest.mark.parametrize("hot", range(6))
def test_decisions_of_one_instant_are_all_shown_however_pages_end(hot: int) -> None:
    """As a backtest makes them for many subjects at once; some of them may be in both stores."""
    kept = [_line(number, 40 if 1 < number < 5 else number * 10) for number in range(5, 0, -1)]
    stores = kept[:hot], kept[max(0, hot - 1) :]
    found, cursor = [], None
    for _ in range(10):
        page = merged_decisions(*(_page(each, cursor, 3) for each in stores), 3, 0, 0)
        found += [line.id for line in page.lines]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == [5, 4, 3, 2, 1]


def test_a_page_within_one_instant_goes_on() -> None:
    """Then the next one begins after an ID of the only store that has the instant."""
    lines = [_line(number, 40) for number in range(9, 0, -1)]
    first = merged_decisions(_page(lines, None), Decisions([], None), 4, 0, 0)
    second = merged_decisions(_page(lines, first.cursor), Decisions([], None), 4, 0, 0)
    assert [line.id for line in (*first.lines, *second.lines)] == list(range(9, 1, -1))


def _line(number: int, at_ns: int) -> DecisionLine:
    blank: dict[str, Any] = dict.fromkeys(DecisionLine._fields, "")
    return DecisionLine(**blank | {"id": number, "time_ns": at_ns, "decision_id": str(number)})


def _page(lines: list[DecisionLine], cursor: str | None, limit: int = 4) -> Decisions:
    after = tuple(Cursor.parse(cursor)) if cursor else (2**63, 0)
    left = [line for line in lines if (line.time_ns, line.id) < after]
    end = str(Cursor(left[limit - 1].time_ns, left[limit - 1].id)) if len(left) > limit else None
    return Decisions(left[:limit], end)


def test_a_decision_is_whole(whole: WholeStore, everything: SQLiteStore) -> None:
    """Inputs, gates with their texts, results."""
    for number in (1, 3, COUNT):
        found, expected = (store.read_decision(f"{number:032x}") for store in (whole, everything))
        assert tuple(found.line)[1:] == tuple(expected.line)[1:]
        assert found[1:] == expected[1:]


def test_an_outcome_that_comes_after_its_decision_was_archived(whole: WholeStore, tmp_path: Path) -> None:
    """It is joined, and the rules of time are checked where both meet."""
    late = outcome(2, pnl=9.5)._replace(time_ns=NOW_NS - SECOND_NS)
    early = outcome(4, pnl=1.0, cutoff_s=-60)._replace(time_ns=NOW_NS - SECOND_NS)
    with closing(Writer(tmp_path / "hot.db")) as writer:
        writer.write([], logs=[late, early])
    assert [json.loads(each.metrics)["pnl"] for each in whole.read_decision(f"{2:032x}").results] == [2 / 7, 9.5]
    assert "label_cutoff is before decision_time" in whole.read_decision(f"{4:032x}").results[-1].violations
    line = next(each for each in whole.read_decisions(ANY, ALL, None, 500).lines if each.decision_id == f"{2:032x}")
    assert json.loads(line.metrics) == {"pnl": 9.5}


def test_figures_are_of_both(whole: WholeStore, everything: SQLiteStore) -> None:
    """Counts by kind, and of gates with what is known of their refusals."""
    assert whole.read_kinds(ALL) == everything.read_kinds(ALL)
    assert whole.read_gates(GateFilters(), ALL) == everything.read_gates(GateFilters(), ALL)
    old = Times(START_NS, START_NS + DAY_NS)
    assert whole.read_gate("spread", GateFilters(), old) == everything.read_gate("spread", GateFilters(), old)
    assert whole.read_what_if("spread", 7, GateFilters(), old) == everything.read_what_if(
        "spread", 7, GateFilters(), old
    )


def test_an_unknown_decision_and_gate(whole: WholeStore) -> None:
    with pytest.raises(NotFound, match="There is no decision"):
        whole.read_decision("f" * 32)
    with pytest.raises(NotFound, match="There is no such gate"):
        whole.read_gate("no", GateFilters(), ALL)


def test_a_part_is_restored(whole: WholeStore, everything: SQLiteStore, tmp_path: Path) -> None:
    """Into a file of its own, judged as they were."""
    with closing(ArchiveBook(tmp_path / "hot.db")) as book, closing(Writer(tmp_path / "back.db")) as writer:
        thaw(book.parts(), Targets(), writer)
    with closing(SQLiteStore(tmp_path / "back.db")) as back:
        for view in VIEWS:
            sql = (
                f"select * from {view} where ts < '{NOW_NS}' and time_ns < {START_NS + DAY_NS} order by decision_id, ts"
            )
            assert back.run_sql(sql).rows == everything.run_sql(sql).rows
        judged = f"select decision_id, judgement from decision_made where time_ns < {START_NS + DAY_NS} order by 1"
        assert back.run_sql(judged).rows == everything.run_sql(judged).rows


_COLUMNS = {
    "decision": (
        "kind",
        "subject",
        "verdict",
        "refused_by",
        "inputs",
        "attributes",
        "violations",
        "trace_id",
        "service",
    ),
    "gate_result": ("kind", "gate", "position", "passed", "margin", "state", "op", "latency_ns", "time_ns"),
    "outcome": ("kind", "decision_ts", "label_cutoff", "round(pnl, 9)", "verdict", "violations", "service"),
    "counterfactual": ("kind", "decision_ts", "refused_by", "method", "judgement", "round(pnl, 9)", "violations"),
}


def _text(column: str) -> str:
    return f"coalesce(cast({column} as varchar), '') || '|'"


def test_sql_over_both(whole: WholeStore, everything: SQLiteStore, tmp_path: Path) -> None:
    """The views have the same rows; an outcome told after its decision was archived is joined."""
    late = outcome(4, pnl=1.0, cutoff_s=-60)._replace(time_ns=NOW_NS - SECOND_NS)
    for name in ("hot.db", "all.db"):
        with closing(Writer(tmp_path / name)) as writer:
            writer.write([], logs=[late])
    named = " union all ".join(
        f"select '{view}' as view, ts, decision_id, {' || '.join(map(_text, columns))} as rest from {view}"
        for view, columns in _COLUMNS.items()
    )
    sql = f"select * from ({named}) order by view, decision_id, ts, rest"
    expected = everything.run_sql(sql).rows
    assert len(expected) == 4 * COUNT + 1
    assert run_over_both(tmp_path / "hot.db", sql, Range(0, NOW_NS)).rows == expected


def test_retention_waits_for_the_archive(tmp_path: Path) -> None:
    """By age only what is archived is deleted; what goes for want of room is counted."""
    db = tmp_path / "obsv.db"
    fill(db)
    with closing(ArchiveBook(db)) as book, closing(Writer(db)) as writer, closing(SQLiteStore(db)) as store:
        book.open((tmp_path / "archive").as_uri(), 0)
        writer.limit(decision_age_ns=90 * DAY_NS)
        while writer.retain(NOW_NS).more:
            pass
        assert store.run_sql("select count(*) from decision").rows == [(COUNT,)]
        for _ in range(COUNT):
            writer.retain(NOW_NS, max_bytes=4096)
        assert store.run_sql("select count(*) from decision").rows == [(0,)]
        assert book.waiting().unarchived == 2 * COUNT
