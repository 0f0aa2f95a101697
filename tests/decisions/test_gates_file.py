"""`gates.yaml`: read whole, checked, and registered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.runtime.conftest import Program

import obsv
from obsv.decisions.gates_file import parse_gates, registered_gates
from obsv.errors import ConfigurationError

FILE = Path(__file__).parent / "gates.yaml"
VALUES = {"spread": 6.0, "volume": 1.2, "confidence": 0.6, "volatility": 0.9, "exposure": 0.1, "drawdown": 0.0}


def test_the_shape_of_the_example_loads() -> None:
    """Thresholds per mode, both ends, targets, templates, what nothing reads."""
    gates = parse_gates(FILE.read_bytes())
    assert gates.order == ("spread", "volume", "confidence", "volatility", "exposure", "drawdown")
    assert gates.modes == ("scalp", "swing")
    scalp = {gate: gates.rule(gate, "scalp")[:2] for gate in gates.gates("scalp")}
    assert scalp == {
        "spread": ("<=", 5.0),
        "volume": (">=", 1.0),
        "confidence": (">=", 0.58),
        "volatility": ("between", [0.1, 0.8]),
        "exposure": ("<=", 0.5),
        "drawdown": ("<=", 0.05),
    }
    targets = [gates.rule("spread", "scalp").target, gates.rule("spread", "swing").target]
    assert [*targets, gates.rule("confidence", "swing").target] == [(0.5, 0.9), (0.6, 1.0), (0.2, 1.0)]
    assert (gates.short_circuit, gates.log_all, gates.version, len(gates.changes)) == (True, True, "1.4", 1)
    assert gates.notes == ("health_checks",)
    assert [gates.judge(each) for each in ({"pnl": -1}, {"pnl": 1, "pnl_bps": 11}, {"pnl": 1, "pnl_bps": 9})] == [
        "good", "bad", "neutral",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("gates: [", "is not YAML"),
        ("[]", "the file takes a mapping"),
        ("gates: {a: 3}", "gates.a takes a mapping"),
        ("gates: {a: {}}", "gates.a has no threshold"),
        ("gates: {a: {thresholds: {m: {limit: 3}}}}", "gates.a.thresholds.m.limit is neither min_… nor max_…"),
        ("gates: {a: {max_x: high}}", "gates.a.max_x takes a number, not 'high'"),
        ("gates: {a: {max_x: true}}", "gates.a.max_x takes a number"),
        ("gates: {a: {max_x: 1, max_y: 2}}", "one min_… or one max_…"),
        ("gates: {a: {max_x: 1, min_x: 2}}", "nothing would pass"),
        ("gates: {a: {max_x: 1, pass_rate_target: 70}}", "a share from 0 to 1"),
        ("gates: {a: {max_x: 1}}\nevaluation: {order: [b]}", "'b', which is not a gate"),
        ("gates: {a: {max_x: 1}}\nevaluation: {short_circuit: maybe}", "takes true or false"),
        ("gates: {a: {max_x: 1}}\nshadow_analysis: {good_block: __import__('os')}", "a comparison such as 'pnl < 0'"),
        ("gates: {a: {max_x: 1, order: first}}", "order is a number"),
        ("gates: {a: {max_x: 1}}\nchange_history: yes", "a list of mappings"),
        ("!!python/object/apply:os.getpid []", "is not YAML"),
        ("version: 2024-13-45", "not of its type: month must be in 1..12"),
        ("version: !!bool maybe", "not of its type: 'maybe'"),
        ("gates: {a: {max_x: 1}}\nevaluation: {order: [[a]]}", "['a'], which is not a gate"),
        (f"gates: {{a: {{max_x: 1}}}}\nversion: 0x{'f' * 5_000}", "cannot be read: Exceeds the limit"),
    ],
)
def test_what_cannot_be_meant_is_an_error(text: str, told: str) -> None:
    """It names the key, and what it takes."""
    with pytest.raises(ConfigurationError, match=None) as error:
        parse_gates(text.encode())
    assert told in str(error.value)


def test_a_registered_file_that_cannot_be_meant_holds_no_rules() -> None:
    """The page that asks for them goes on."""
    assert registered_gates({"gates": {"a": {"max_x": 1}}, "evaluation": {"order": [["a"]]}}, "1") is None


def test_a_missing_file_is_said() -> None:
    """With the reason of the system."""
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        obsv.load_gates("nowhere.yaml")


def test_decisions_by_a_policy(tmp_path: Path) -> None:
    """All gates are kept, explained by their templates; the file is registered once, and again when it changes."""
    (tmp_path / "gates.yaml").write_bytes(FILE.read_bytes())
    program = Program(tmp_path)
    out = program.run(
        f"""
        import obsv, pathlib
        obsv.configure()
        gates = obsv.load_gates()
        assert obsv.load_gates().id == gates.id
        with obsv.decide("entry", mode="scalp", policy=gates) as d:
            assert not d.evaluate({VALUES!r})
        d.counterfactual("assumed", pnl=5.0, pnl_bps=3.0)
        with obsv.decide("entry", mode="swing", policy=gates) as d:
            assert d.gate("spread", 6.0) and not d.gate("unknown", 1.0)
        file = pathlib.Path("gates.yaml")
        file.write_text(file.read_text().replace("log_all_gates: true", "log_all_gates: false"))
        stops = obsv.load_gates(why="speed")
        with obsv.decide("entry", mode="scalp", policy=stops) as d:
            d.evaluate({VALUES!r})
        with obsv.decide("entry", mode="scalp", policy=stops) as d:
            assert not d.evaluate({{}})
        print(gates.id, stops.id)
        """
    ).stdout.split()
    rows = program.query(
        "select gate, version, passed, state, text from gate_result join decision d using (decision_id) "
        "where d.policy = ? and d.mode = 'scalp' order by position",
        out[0],
    )
    assert [row[:4] for row in rows] == [
        ("spread", "1.4", 0, "evaluated"),
        ("volume", "1.4", 1, "shadow"),
        ("confidence", "1.4", 1, "shadow"),
        ("volatility", "1.4", 0, "shadow"),
        ("exposure", "1.4", 1, "shadow"),
        ("drawdown", "1.4", 1, "shadow"),
    ]
    assert (rows[0][4], rows[2][4]) == ("spread of 6.0 bps exceeds 5.0 by -1.0", "confidence pass: 60% against 58%")
    unknown = program.query("select passed, text from gate_result where gate = 'unknown'")
    assert unknown[0][0] == 0
    stopped = "select count(*) from gate_result join decision d using (decision_id) where d.policy = ?"
    assert program.query(stopped, out[1]) == [(2,)]
    assert program.query("select judgement from counterfactual") == [("neutral",)]
    registered = program.query("select artifact_id, why, meta from registration order by id")
    assert [row[:2] for row in registered] == [(out[0], ""), (out[1], "speed")]
    assert json.loads(registered[0][2]) == {"version": "1.4"}
