"""The public face: exact columns, and an index behind every documented query."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from obsv.store import Reader, Writer

COLUMNS = {
    "process_trace": (
        "ts, process, status, duration_ms, exception, process_group, trace_id, span_id, parent_span_id, depth, "
        "thread_id, service"
    ),
    "data_trace": ("ts, process, data, data_type, data_value, status, exception, process_group, trace_id, span_id"),
}
LATEST = "order by ts desc limit 50"
# How each documented query walks the table of calls: never a scan without an index, never a sort.
WALKS = {
    f"select * from process_trace {LATEST}": "SCAN s USING INDEX span_by_ts",
    f"select * from data_trace {LATEST}": "SCAN s USING INDEX span_by_ts",
    f"select * from process_trace where status = 'ERR' {LATEST}": "SCAN s USING INDEX span_failed",
    f"select * from data_trace where status = 'ERR' {LATEST}": "SCAN s USING INDEX span_failed",
    f"select * from process_trace where process = 'shop.price' {LATEST}": (
        "SEARCH s USING INDEX span_by_name (name_id=?)"
    ),
    f"select * from data_trace where process = 'shop.price' {LATEST}": "SEARCH s USING INDEX span_by_name (name_id=?)",
    f"select * from data_trace where process = 'shop.price' and data = 'order' {LATEST}": (
        "SEARCH s USING INDEX span_by_name (name_id=?)"
    ),
    f"select * from process_trace where process = 'shop.price' and status = 'ERR' {LATEST}": (
        "SEARCH s USING INDEX span_failed_by_name (name_id=?)"
    ),
    "select * from process_trace where ts > datetime('now', '-30 seconds')": "SEARCH s USING INDEX span_by_ts (ts>?)",
    "select * from data_trace where ts > datetime('now', '-30 seconds')": "SEARCH s USING INDEX span_by_ts (ts>?)",
    "select * from process_trace where process = 'shop.price' and ts > datetime('now', '-30 seconds')": (
        "SEARCH s USING INDEX span_by_name (name_id=? AND ts>?)"
    ),
    "select * from process_trace where trace_id = '00'": "SEARCH s USING INDEX span_by_trace (trace=?)",
    "select * from data_trace where trace_id = '00'": "SEARCH s USING INDEX span_by_trace (trace=?)",
}


@pytest.mark.parametrize("view", COLUMNS)
def test_view_has_exactly_the_documented_columns(writer: Writer, reader: Reader, view: str) -> None:
    """The views are a contract: these columns in this order."""
    writer.open()
    names = [row["name"] for row in reader.query("select name from pragma_table_info(?)", (view,))]
    assert ", ".join(names) == COLUMNS[view]


@pytest.mark.parametrize("sql", WALKS)
def test_documented_query_walks_an_index(writer: Writer, reader: Reader, sql: str) -> None:
    """No documented query scans all calls or sorts them."""
    writer.open()
    plan = [row["detail"] for row in reader.query(f"explain query plan {sql}")]
    (walk,) = [step for step in plan if step.split()[1] == "s"]
    assert walk == WALKS[sql]
    assert not any("TEMP B-TREE" in step for step in plan)


def documented() -> dict[str, str]:
    """The columns of each view of the journal, as docs/decisions.md has them."""
    text = (Path(__file__).parents[3] / "docs" / "decisions.md").read_text()
    return dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([a-z_, ]+) \|$", text, re.MULTILINE))


@pytest.mark.parametrize("view", documented())
def test_view_of_the_journal_has_the_documented_columns(writer: Writer, reader: Reader, view: str) -> None:
    """Likewise, and each can be read of an empty store."""
    writer.open()
    names = [row["name"] for row in reader.query("select name from pragma_table_info(?)", (view,))]
    assert ", ".join(names) == documented()[view]
    assert reader.query(f"select * from {view}") == []


# How a window of the journal is found, and a gate's figures: never a look at each decision.
JOURNAL = {
    "select avg(passed) from gate_result where gate = 'spread' and mode = 'scalp' and time_ns >= 1 and time_ns < 9": (
        "SEARCH v USING COVERING INDEX gate_value_by_gate (gate_id=? AND time_ns>? AND time_ns<?)"
    ),
    "select verdict from decision where time_ns >= 1 and time_ns < 9": (
        "SEARCH d USING INDEX decision_by_time (time_ns>? AND time_ns<?)"
    ),
    "select pnl from outcome where time_ns >= 1 and time_ns < 9": (
        "SEARCH o USING INDEX outcome_by_time (time_ns>? AND time_ns<?)"
    ),
}


@pytest.mark.parametrize("sql", JOURNAL)
def test_a_window_of_the_journal_walks_an_index(writer: Writer, reader: Reader, sql: str) -> None:
    """By the time as a number."""
    writer.open()
    assert JOURNAL[sql] in [row["detail"] for row in reader.query(f"explain query plan {sql}")]
