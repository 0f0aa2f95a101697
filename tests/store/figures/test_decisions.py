"""Decisions and gates of a store, read back."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from decision_rows import SECOND_NS, counterfactual, decision, gate, outcome
from store_rows import START_NS

from obsv.errors import InvalidQuery, NotFound
from obsv.store import Writer
from obsv.store.figures import DecisionFilters, GateFilters
from obsv.store.figures.gates import BUCKETS, histogram
from obsv.store.ground import HOUR_NS, Window
from obsv.store.seam import Store, open_store

ALL = Window(0, START_NS + 1_000 * HOUR_NS)
ANY = GateFilters()


@pytest.fixture
def store(path: Path) -> Store:
    return open_store(path)


def test_pages_are_newest_first(writer: Writer, store: Store) -> None:
    """By a cursor, without a gap or a repetition."""
    writer.write([], logs=[decision(n, gate(observed=n % 9)) for n in range(1, 26)])
    seen, cursor = [], None
    while True:
        page = store.read_decisions(DecisionFilters(), ALL, cursor, 10)
        seen += [int(line.decision_id, 16) for line in page.lines]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == list(range(25, 0, -1))
    for wrong in ("x", "1", "99999999999999999999.1", f"1.{2**63}"):
        with pytest.raises(InvalidQuery):
            store.read_decisions(DecisionFilters(), ALL, wrong)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"kind": "deploy"}, [4]),
        ({"mode": "swing"}, [2]),
        ({"subject": "BTC"}, [3]),
        ({"verdict": "block"}, [3]),
        ({"gate": "volume"}, [3]),
        ({"trace_id": f"{1:032x}"}, [1]),
        ({"service": "shop", "verdict": "pass"}, [5, 4, 2, 1]),
        ({"shadow": True}, [5]),
        ({"shadow": False}, [4, 3, 2, 1]),
        ({"violating": True}, [2]),
    ],
)
def test_filters(writer: Writer, store: Store, filters: dict[str, Any], found: list[int]) -> None:
    """Each alone."""
    rows = [
        decision(1),
        decision(2, mode="swing", violations=["input x: as_of is after decision_time"]),
        decision(3, gate("volume", 9), subject="BTC"),
        decision(4, kind="deploy"),
        decision(5, shadow=True),
    ]
    writer.write([], logs=rows)
    page = store.read_decisions(DecisionFilters(**filters), ALL)
    assert [int(line.decision_id, 16) for line in page.lines] == found


def test_one_with_all_that_belongs_to_it(writer: Writer, store: Store) -> None:
    """By its id, or the beginning of it that no other has."""
    first, second = "0abcdef" + "0" * 25, "0abcdee" + "0" * 25
    told = json.loads(outcome(1, pnl=1.0).attributes) | {"id": first}
    rows = [decision(1, gate(), id=first, inputs=[["x", 1, None]]), decision(2, id=second)]
    writer.write([], logs=[*rows, outcome(1)._replace(attributes=json.dumps(told))])
    found = store.read_decision("0abcdef")
    assert ([each.gate for each in found.gates], json.loads(found.inputs)) == (["spread"], {"x": {"value": 1}})
    assert [json.loads(each.metrics) for each in found.results] == [{"pnl": 1.0}]
    for wrong in ("0abcde", "0abc", "nothing", f"{7:032x}"):
        with pytest.raises(NotFound) as caught:
            store.read_decision(wrong)
    _, statement, _ = str(caught.value).split('"')
    assert [line[1] for line in store.run_sql(statement).rows] == [
        each.decision_id for each in store.read_decisions(DecisionFilters(), ALL).lines
    ]


def test_figures_of_gates_are_those_of_their_rows(writer: Writer, store: Store) -> None:
    """Whatever the window: whole hours come from counts, the ends from the gates themselves."""
    chance = random.Random(3)
    rows, told = [], []
    for number in range(1, 400):
        value, at = chance.uniform(0, 10), number * 61
        row = decision(at, gate(observed=value), gate("volume", 1, shadow=value > 5.0))
        rows.append(row)
        told.append((row.time_ns, value <= 5.0))
    refused = next(at for at, (_, passed) in enumerate(told, 1) if not passed)
    writer.write([], logs=[*rows, counterfactual(refused * 61, "bad")])
    for _ in range(20):
        start = START_NS + chance.randrange(0, 7 * HOUR_NS)
        window = Window(start, start + chance.choice([1_000 * SECOND_NS, HOUR_NS, 5 * HOUR_NS]))
        first, last = window.range.first_ns, window.range.last_ns
        inside = [passed for time_ns, passed in told if first <= time_ns <= last]
        found = {each.gate: each for each in store.read_gates(ANY, window)}
        if inside:
            assert (found["spread"].seen, found["spread"].passed) == (len(inside), sum(inside))
            assert found["volume"].evaluated == sum(inside)
            assert found["spread"].blocked == len(inside) - sum(inside)
    assert sum(each.bad for each in store.read_gates(ANY, ALL)) == 1
    assert store.read_gates(GateFilters(mode="swing"), ALL) == []


def test_the_latest_counterfactual_judges(writer: Writer, store: Store) -> None:
    """In whichever order decision and counterfactuals come."""
    early = counterfactual(1, "good")
    late = counterfactual(1, "bad")._replace(time_ns=early.time_ns + 1)
    for rows in ([late], [decision(1, gate(observed=9))], [early]):
        writer.write([], logs=rows)
    (found,) = store.read_gates(ANY, ALL)
    assert (found.good, found.bad) == (0, 1)


def test_what_another_threshold_would_have_done(writer: Writer, store: Store) -> None:
    """To decisions that this gate alone decides; what two gates refused stays refused."""
    rows = [
        decision(1, gate(observed=3.0)),
        decision(2, gate(observed=4.5)),
        decision(3, gate(observed=6.0)),
        decision(4, gate(observed=7.0), gate("volume", 9, shadow=True)),
        decision(5, gate(observed="odd", passed=False)),
        outcome(2, pnl=-1.0),
        counterfactual(3, "bad", pnl=4.0),
    ]
    writer.write([], logs=rows)
    wider = store.read_what_if("spread", 8.0, ANY, ALL)
    assert (wider.seen, wider.before, wider.after) == (4, 2, 4)
    assert wider.let_in._asdict() == {
        "decisions": 1, "good": 0, "bad": 1, "neutral": 0, "with_pnl": 1, "pnl": 4.0, "won": 1,
    }  # fmt: skip
    narrower = store.read_what_if("spread", 4.0, ANY, ALL)
    assert (narrower.after, narrower.shut_out.decisions, narrower.shut_out.pnl) == (1, 1, -1.0)
    with pytest.raises(NotFound, match="There is no gate 'sprad'"):
        store.read_what_if("sprad", 4.0, ANY, ALL)


def test_one_gate_in_detail(writer: Writer, store: Store) -> None:
    """Its latest threshold, how often it passes, and its margins."""
    writer.write([], logs=[decision(n, gate(observed=n / 10)) for n in range(1, 101)])
    found = store.read_gate("spread", ANY, ALL)
    assert (found.seen, found.passed, found.looked_at, found.op, found.threshold) == (100, 50, 100, "<=", 5.0)
    assert sum(bar.passed + bar.refused for bar in found.margins) + found.outside == 100
    assert found.outside == 2


def test_no_bar_has_both_sides() -> None:
    """A margin of zero is where refusing begins."""
    chance = random.Random(1)
    for _ in range(50):
        margins = sorted(chance.gauss(chance.choice([-1, 0, 1]), 1.0) for _ in range(500))
        bars, outside = histogram([(margin, margin >= 0) for margin in margins])
        assert len(bars) <= BUCKETS + 1
        assert sum(bar.passed + bar.refused for bar in bars) + outside == 500
        assert all(not (bar.passed and bar.refused) for bar in bars)
    assert histogram([]) == ([], 0)
    assert histogram([(1.0, True)] * 3)[0][0].passed == 3


def test_a_file_without_decisions_has_none(store: Store, writer: Writer) -> None:
    """Of an older version, or just made."""
    writer.open()
    assert store.read_kinds(ALL) == []
    assert store.read_decisions(DecisionFilters(), ALL).lines == []
    assert store.read_gates(ANY, ALL) == []
