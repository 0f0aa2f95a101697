"""Metrics of random journals, computed by SQL and by NumPy."""

from __future__ import annotations

import json
import re
import sqlite3
import warnings
from pathlib import Path

import oracles
import pytest
from journals import START_NS, WINDOW, decide, gate, outcome, random_journal, write_journals

from obsv.measures import FormulaError, compile_formula, load, measure, shipped, statements
from obsv.measures.formula import MOST_LEVELS
from obsv.measures.measuring import judged
from obsv.store.figures import VIEWS
from obsv.store.ground import Scope, Window
from obsv.store.seam import SQLiteStore, open_store

JOURNALS = [random_journal(f"m{seed}", seed) for seed in range(60)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SQLiteStore:
    """A store with all journals, each a mode."""
    path = tmp_path_factory.mktemp("journals") / "store.db"
    write_journals(path, JOURNALS)
    return open_store(path)


def test_columns_are_those_of_the_views(tmp_path: Path) -> None:
    """Formulas may use every column that a view has."""
    write_journals(tmp_path / "store.db", [])
    file = sqlite3.connect(tmp_path / "store.db")
    for view, columns in VIEWS.items():
        assert columns == {row[1] for row in file.execute(f"pragma table_info({view})")}, view


def test_metrics_equal_their_oracles(store: SQLiteStore) -> None:
    """All shipped figures of trades, decisions and models, to 1e-9; what is not defined has no value."""
    assert len(oracles.ORACLES) >= 50
    scopes = [Scope(mode=journal.mode) for journal in JOURNALS]
    found = measure(store, shipped(), oracles.ORACLES, WINDOW, scopes)
    modes = {journal.mode: journal for journal in JOURNALS}
    wrong = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for each in found:
            wanted = oracles.expected(each.definition.name, modes[str(each.scope.mode)])
            if not oracles.is_close(each.value, wanted):
                wrong.append((each.definition.name, each.scope.mode, each.value, wanted))
    assert not wrong


def test_every_shipped_metric_is_computed(store: SQLiteStore) -> None:
    """Of an empty window, too; counts are 0 there."""
    known = shipped()
    assert len(known) >= 50
    nothing = measure(store, known, known, Window(1, 2))
    assert {
        each.value for each in nothing if each.definition.unit == "count" and "streak" not in each.definition.name
    } == {0}
    assert len(measure(store, known, known, WINDOW)) == len(known)


def test_statements_give_the_same_numbers(store: SQLiteStore) -> None:
    """Anyone can run them: the total of a mode by hand."""
    known = shipped()
    scope = Scope(mode=JOURNALS[6].mode)
    (statement,) = statements(known["total_pnl"], known, WINDOW, scope)
    (measured,) = measure(store, known, ["total_pnl"], WINDOW, [scope])
    assert store.run_sql(statement).rows == [(measured.value,)]
    assert measured.value == pytest.approx(sum(JOURNALS[6].pnl))


def test_a_file_of_an_older_version_gives_the_same_numbers(store: SQLiteStore, tmp_path: Path) -> None:
    """Its views have no time as a number; a window ends at its microsecond in both."""
    write_journals(tmp_path / "old.db", JOURNALS)
    with sqlite3.connect(tmp_path / "old.db") as file:
        found = file.execute("select name, sql from sqlite_schema where sql like '% as time_ns%'").fetchall()
        for view, sql in [each for each in found if each[0] != "outcome_checked"]:
            file.execute(f"drop view {view}")
            file.execute(re.sub(r", (?:\w\.)?time_ns as time_ns", "", sql))
    file.close()
    known, old = shipped(), open_store(tmp_path / "old.db")
    for end_ns in (WINDOW.end_ns, START_NS + 20_000_000_002, START_NS + 20_000_000_999):
        window = Window(START_NS + 1_000_000_001, end_ns)
        numbers = [[each[2:] for each in measure(one, known, known, window)] for one in (store, old)]
        assert numbers[0] == numbers[1]


def test_gates_are_measured_by_themselves(tmp_path: Path) -> None:
    """One by its name, in a mode and in all, beside all gates."""
    path, metrics = tmp_path / "store.db", tmp_path / "metrics.yaml"
    write_journals(path, [])
    with sqlite3.connect(path) as file:
        for number in range(20):
            mode, name = ("scalp", "swing")[number % 2], ("spread", "volume")[number % 3 % 2]
            made = decide(file, f"d{number}", START_NS + number, mode)
            gate(file, made, START_NS + number, mode, name, number % 5 > 0)
    file.close()
    metrics.write_text(
        "metrics:\n  one: {formula: \"share(gate_result.passed, where=gate == 'spread' and state == 'evaluated')\"}\n"
        "  either: {formula: \"count(gate_result, where=gate == 'spread' or passed == 0)\"}\n"
        "  none: {formula: \"mean(gate_result.passed, where=gate == 'other')\"}\n"
    )
    known, names = load(metrics), ["one", "either", "none", "gates_evaluated"]
    scopes = [Scope(), Scope(mode="scalp")]
    found = [(each.value, each.observations) for each in measure(open_store(path), known, names, WINDOW, scopes)]
    rows = [(("scalp", "swing")[n % 2], ("spread", "volume")[n % 3 % 2], n % 5 > 0) for n in range(20)]
    for at, mode in enumerate((None, "scalp")):
        part = [row for row in rows if mode in (None, row[0])]
        spread = [row[2] for row in part if row[1] == "spread"]
        either = sum(row[1] == "spread" or not row[2] for row in part)
        wanted = [(sum(spread) / len(spread), len(spread)), (either, either), (None, 0), (len(part), len(part))]
        assert found[4 * at : 4 * at + 4] == wanted


def test_rows_that_break_a_rule_of_time_are_left_out(tmp_path: Path) -> None:
    """An outcome of a decision that used a value of the future says nothing; it is counted."""
    path = tmp_path / "store.db"
    write_journals(path, [])
    with sqlite3.connect(path) as file:
        for name, violations in (("a", "[]"), ("b", '["input x: as_of is after decision_time"]')):
            decide(file, name, START_NS, "scalp", violations=violations)
            outcome(file, name, START_NS + 1, {"pnl": 1.0})
    file.close()
    store, known = open_store(path), shipped()
    found = measure(store, known, ["trades", "late_data", "late_outcomes"], WINDOW)
    assert [each.value for each in found] == [1, 1, 1]


def test_texts_in_conditions_stay_texts(tmp_path: Path) -> None:
    """Whatever they contain: they are bound, or quoted where they are printed."""
    path, metrics = tmp_path / "store.db", tmp_path / "metrics.yaml"
    write_journals(path, [])
    hostile = "x' or 1=1; drop table log_record; --"
    with sqlite3.connect(path) as file:
        decide(file, "a", START_NS, hostile)
        decide(file, "b", START_NS, "scalp")
    file.close()
    metrics.write_text(f'metrics:\n  odd: {{formula: "count(decision, where=mode == \\"{hostile}\\")"}}\n')
    store, known = open_store(path), load(metrics)
    assert measure(store, known, ["odd"], WINDOW)[0].value == 1
    (statement,) = statements(known["odd"], known, WINDOW, Scope(mode=hostile))
    assert store.run_sql(statement).rows == [(1,)]


def test_braces_in_a_list_stay_texts(store: SQLiteStore, tmp_path: Path) -> None:
    """The shown statement has them as they were written."""
    (tmp_path / "metrics.yaml").write_text("metrics:\n  odd: {formula: \"count(log, where=body in ['{x}', '{'])\"}\n")
    known = load(tmp_path / "metrics.yaml")
    (statement,) = statements(known["odd"], known, WINDOW, Scope())
    assert "(body in ('{x}', '{'))" in statement
    assert store.run_sql(statement).rows == [(0,)]


NESTED = {
    "right": ("(1 + ", "trade_outcome.pnl", ")"),
    "functions": ("abs(", "trade_outcome.pnl", ")"),
    "coalesce": ("coalesce(pnl, ", "trade_outcome.pnl", ")"),
    "not": ("(not ", "trade_outcome.pnl", ")"),
    "in": ("(pnl in [1, ", "trade_outcome.pnl", "])"),
    "field": ("field(", "trade_outcome.metrics", ', "a")'),
    "quotients": ("(1 / ", "trade_outcome.pnl", ")"),
}


def nested(name: str, depth: int) -> str:
    before, middle, after = NESTED[name]
    row = before * depth + middle + after * depth
    return f"std({row}, where={row} > 0) + share({row} > 0)"


def is_taken(text: str) -> bool:
    try:
        compile_formula(text)
    except FormulaError as error:
        return "nested too deeply" not in str(error)
    return True


@pytest.mark.parametrize("name", NESTED)
def test_what_loads_can_be_measured(store: SQLiteStore, tmp_path: Path, name: str) -> None:
    """The deepest row that is taken is no deeper than SQLite's parser goes; beyond, the formula has an error."""
    most = next(depth for depth in range(5, 50) if not is_taken(nested(name, depth + 1)))
    (tmp_path / "metrics.yaml").write_text(f"metrics:\n  deep: {{formula: {json.dumps(nested(name, most))}}}\n")
    measure(store, load(tmp_path / "metrics.yaml"), ["deep"], WINDOW, [Scope(mode="m1", actor="a")])


def test_a_long_sum_is_not_a_deep_one(store: SQLiteStore, tmp_path: Path) -> None:
    """90 numbers are added and subtracted from the left."""
    row = "trade_outcome.pnl" + " + 2 - 1 * 2 * 1" * 30
    (tmp_path / "metrics.yaml").write_text(f"metrics:\n  long: {{formula: 'sum({row})'}}\n")
    (found, total) = measure(store, load(tmp_path / "metrics.yaml"), ["long", "total_pnl"], WINDOW)
    assert found.value == pytest.approx(total.value)


def test_metrics_of_metrics_are_computed_once(store: SQLiteStore, tmp_path: Path) -> None:
    """40 that each name the one before twice take 40 steps, not 2 to the power of 40."""
    lines = [f"  m{at}: {{formula: m{at - 1} + m{at - 1}}}" for at in range(1, 41)]
    (tmp_path / "metrics.yaml").write_text("\n".join(["metrics:", "  m0: {formula: '1'}", *lines]))
    (found,) = measure(store, load(tmp_path / "metrics.yaml"), ["m40"], WINDOW)
    assert found.value == 2**40


def test_deepest_metrics_are_computed(store: SQLiteStore, tmp_path: Path) -> None:
    """A formula and a chain as deep as a file may have them."""
    chain = [f"  m{at}: {{formula: -m{at - 1}}}" for at in range(1, MOST_LEVELS // 2)]
    text = ["metrics:", f"  long: {{formula: {' + '.join('1' * MOST_LEVELS)}}}", "  m0: {formula: '-1'}", *chain]
    (tmp_path / "metrics.yaml").write_text("\n".join(text))
    found = measure(store, load(tmp_path / "metrics.yaml"), ["long", f"m{MOST_LEVELS // 2 - 1}"], WINDOW)
    assert [each.value for each in found] == [MOST_LEVELS, 1]


def test_actor_is_a_scope(tmp_path: Path) -> None:
    """The decisions of one artifact, and their outcomes."""
    path = tmp_path / "store.db"
    write_journals(path, [])
    with sqlite3.connect(path) as file:
        for name, actor in (("a", "1" * 64), ("b", "2" * 64), ("c", "2" * 64)):
            decide(file, name, START_NS, "scalp", actor=actor)
            outcome(file, name, START_NS + 1, {"pnl": 1.0})
    file.close()
    found = measure(open_store(path), shipped(), ["decisions", "trades"], WINDOW, [Scope(actor="2" * 64)])
    assert [each.value for each in found] == [2, 2]


def test_values_are_judged() -> None:
    """By thresholds and targets, the way that is better; few observations are not judged."""
    rate = shipped()["win_rate"]
    assert judged(rate, 0.6, 100, 0.55) == "good"
    assert judged(rate, 0.52, 100, 0.55) == "warn"
    assert judged(rate, 0.45, 100, None) == "warn"
    assert judged(rate, 0.3, 100, None) == "critical"
    assert judged(rate, 0.3, 5, None) == "few"
    assert judged(rate, None, 100, None) == ""
    assert judged(shipped()["error_rate"], 0.06, 1_000, None) == "critical"
