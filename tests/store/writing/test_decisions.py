"""Decisions in the file: in tables of their own, once, and for as long as they have themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from decision_rows import counterfactual, decision, gate, outcome
from store_rows import START_NS, call, connection_of

from obsv.store import Reader, Writer
from obsv.store.ground import DECISION
from obsv.store.writing import decisions

DAY_NS = 24 * 3_600_000_000_000
VIEWS = ("decision", "gate_result", "outcome")


def test_a_decision_is_shown_with_its_gates(writer: Writer, reader: Reader) -> None:
    """With margins, order, what refused first, and what was only looked at after that."""
    gates = gate("spread", 3.0), gate("volume", 9.0), gate("news", 1.0, shadow=True, template="{gate} at {observed}")
    writer.write([], logs=[decision(1, *gates, action="none", actor="a" * 64, policy="p", fields={"side": "buy"})])
    (made,) = reader.query("select verdict, refused_by, action, policy, attributes, trace_id from decision")
    assert made[:] == ("block", "volume", "none", "p", '{"side":"buy"}', f"{1:032x}")
    rows = reader.query("select gate, position, passed, state, margin, margin_share, text from gate_result order by 2")
    assert [row[:] for row in rows] == [
        ("spread", 1, 1, "evaluated", 2.0, 0.4, "spread: 3.0 <= 5.0 holds"),
        ("volume", 2, 0, "evaluated", -4.0, -0.8, "volume: 9.0 <= 5.0 does not hold"),
        ("news", 3, 1, "shadow", 4.0, 0.8, "news at 1"),
    ]
    assert reader.query("select count(*) from log")[0][0] == 0


def test_each_is_stored_once(writer: Writer, reader: Reader) -> None:
    """Whatever is written again, in the batch or later, is passed over; two outcomes of one decision are two."""
    rows = [decision(1, gate()), decision(1, gate()), outcome(1, pnl=1.0), outcome(1, pnl=1.0), outcome(1, pnl=2.0)]
    writer.write([], logs=rows)
    writer.write([], logs=rows)
    counts = (
        "select (select count(*) from decision), (select count(*) from gate_result), (select count(*) from outcome)"
    )
    assert reader.query(counts)[0][:] == (1, 1, 2)


def test_what_is_no_decision_stays_a_log_record(writer: Writer, reader: Reader) -> None:
    """Nothing that was sent is lost for its form."""
    broken = [
        decision(1, gate())._replace(attributes=text)
        for text in (
            "[]",
            "{}",
            '{"id":"","kind":"entry"}',
            '{"id":"1","kind":"entry","gates":[[1]]}',
            '{"id":7,"kind":"k"}',
        )
    ]
    writer.write([], logs=broken)
    assert reader.query("select count(*) from log where event_name = ?", (DECISION,))[0][0] == len(broken)
    assert reader.query("select count(*) from decision")[0][0] == 0


def test_leaks_of_the_future_are_told(writer: Writer, reader: Reader) -> None:
    """An input as of later, when written; a result measured before the decision, when the two meet."""
    late = ["price", 7.0, START_NS + 2_000_000_000]
    writer.write(
        [], logs=[outcome(2, pnl=1.0, cutoff_s=-1), decision(1, inputs=[late]), decision(2), outcome(1, pnl=1.0)]
    )
    told = {row[0]: json.loads(row[1]) for row in reader.query("select decision_id, violations from decision")}
    assert told[f"{1:032x}"] == ["input price: as_of is after decision_time"]
    assert told[f"{2:032x}"] == []
    met = dict(row[:] for row in reader.query("select decision_id, violations from outcome"))
    assert json.loads(met[f"{1:032x}"]) == ["the decision breaks a rule of time"]
    assert json.loads(met[f"{2:032x}"]) == ["label_cutoff is before decision_time"]
    assert reader.query("select count(*) from win_rate_by_mode")[0][0] == 0


def test_clocks_of_a_machine_differ_a_little(writer: Writer, reader: Reader) -> None:
    """A result up to two milliseconds before its decision was told at once; beyond, it is of the past."""
    writer.write([], logs=[decision(1), outcome(1, cutoff_s=-0.0019), decision(2), outcome(2, cutoff_s=-0.0021)])
    told = reader.query("select violations from outcome order by decision_id")
    assert [json.loads(row[0]) for row in told] == [[], ["label_cutoff is before decision_time"]]


def test_the_journal_of_trades(writer: Writer, reader: Reader) -> None:
    """The latest outcome counts; what was refused is judged by how it would have gone."""
    rows = [
        decision(1, gate(), fields={"side": "buy", "price": 100.5}, inputs=[["spread", 3.0, START_NS + 1_000_000_000]]),
        decision(2, gate()),
        decision(3, gate("volume", 9.0)),
        decision(4, gate("volume", 8.0)),
        decision(5, gate(), shadow=True),
        decision(6, gate(), kind="deploy"),
        outcome(1, pnl=-5.0),
        outcome(1, 120, pnl=2.0, exit_reason="target"),
        outcome(2, pnl=-1.0),
        outcome(6, pnl=9.0),
        counterfactual(3, "good", pnl=-3.0),
        counterfactual(4, "bad", pnl=30.0),
    ]
    writer.write([], logs=rows)
    assert reader.query("select symbol, side, price from trade order by ts")[0][:] == ("ETH-USD", "buy", 100.5)
    (feature,) = reader.query("select feature, value, as_of = ts from trade_feature")
    assert feature[:] == ("spread", 3.0, 1)
    assert reader.query("select * from win_rate_by_mode")[0][:] == ("scalp", 2, 1, 1, 0.5, 1.0, 0.5)
    assert reader.query("select * from shadow_trade_summary")[0][:] == ("scalp", "volume", 2, 2, 1, 1, 0, 27.0)
    assert [row[0] for row in reader.query("select shadow from shadow_trade order by ts")] == [0, 0, 1]


def test_they_outlive_calls(writer: Writer, reader: Reader) -> None:
    """For ninety days, or what was chosen; their gates and outcomes go with them."""
    writer.write([call(1)], logs=[decision(1, gate()), outcome(1, pnl=1.0)])
    for days, kept in ((89, 1), (91, 0)):
        while writer.retain(START_NS + days * DAY_NS).more:
            pass
        counts = (
            "select (select count(*) from decision), (select count(*) from gate_value), (select count(*) from outcome)"
        )
        assert reader.query(counts)[0][:] == (kept, kept, kept)
        assert reader.query("select count(*) from span")[0][0] == 0


def test_their_age_can_be_chosen(writer: Writer, reader: Reader) -> None:
    """It is saved in the file; without one they stay."""
    writer.write([], logs=[decision(1), decision(2)])
    writer.limit(decision_age_ns=None)
    while writer.retain(START_NS + 400 * DAY_NS).more:
        pass
    assert reader.query("select count(*) from decision")[0][0] == 2
    writer.limit(decision_age_ns=DAY_NS)
    while writer.retain(START_NS + 500 * DAY_NS).more:
        pass
    assert reader.query("select count(*) from decision")[0][0] == 0


def test_a_size_limit_holds_for_them(writer: Writer, reader: Reader, path: Path) -> None:
    """Beyond their half of it the oldest go, before calls that have room."""
    text = "x" * 2_000
    for start in range(0, 3_000, 500):
        writer.write([], logs=[decision(n, gate(), fields={"t": text}) for n in range(start + 1, start + 501)])
    writer.limit(max_bytes=4 << 20)
    while writer.retain(START_NS + DAY_NS // 2).more:
        pass
    left, oldest = reader.query("select count(*), min(decision_id) from decision")[0]
    assert 0 < left < 3_000
    assert int(oldest, 16) == 3_001 - left
    assert path.stat().st_size <= 4 << 20


def test_hostile_names_share_one(writer: Writer, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of gates are bounded per file; their values are kept."""
    monkeypatch.setattr(decisions, "MOST_GATE_NAMES", 3)
    writer.write([], logs=[decision(1, *(gate(f"g{n}") for n in range(10)))])
    assert connection_of(writer).execute("select count(*) from gate").fetchone() == (4,)
    assert reader.query("select count(*) from gate_result")[0][0] == 10
