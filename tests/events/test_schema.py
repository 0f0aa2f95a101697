"""Events with a schema: checked when they are recorded."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.conftest import Program

import obsv
from obsv.errors import ConfigurationError, InvalidEvent
from obsv.events import schema, schemas
from obsv.events.schema import Event

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
EXAMPLES: dict[type[Event], dict[str, Any]] = {
    schemas.Signal: {"decision_time": NOW, "symbol": "ETH-USD", "side": "buy", "strength": 0.7, "probability": 0.6},
    schemas.GateDecision: {
        "decision_time": NOW, "decision_id": "1", "gate": "spread", "observed": 3.2, "threshold": 5.0, "passed": True,
    },
    schemas.TradeExecution: {
        "decision_time": NOW, "decision_id": "1", "symbol": "ETH-USD", "side": "sell", "quantity": 2, "price": 10.0,
    },
    schemas.TradeClose: {
        "decision_time": NOW, "label_cutoff": NOW, "decision_id": "1", "symbol": "E", "exit_price": 9.0, "pnl": -2.0,
    },
    schemas.ModelUpdate: {"model": "m2", "previous": "m1"},
    schemas.ModelDelta: {"model": "m2", "samples": 100, "change": 0.01},
    schemas.GateAdjustment: {"gate": "spread", "before": 5.0, "after": 4.0, "who": "ann", "why": "too wide"},
    schemas.MarketContext: {"as_of": NOW, "symbol": "E", "spread_bps": 3.0},
    schemas.Counterfactual: {
        "decision_time": NOW, "label_cutoff": NOW, "decision_id": "1", "method": "shadow", "pnl": 1.0,
    },
    schemas.Error: {"component": "feed", "message": "gone"},
}  # fmt: skip


def test_events_and_violations_are_rows(tmp_path: Path) -> None:
    """A valid event has its version; one that breaks the schema has another name, what is wrong, and no secret."""
    program = Program(tmp_path)
    program.run(
        """
        import obsv
        from datetime import datetime, timezone

        class OrderPlaced(obsv.Event, version=3, severity="WARN"):
            symbol: str
            quantity: int
            password: str = ""

        made = OrderPlaced.record(symbol="E", quantity=2, decision_time=datetime.now(timezone.utc))
        made.emit()
        assert OrderPlaced.record(symbol="E", quantity="many", password="hunter2") is None
        """
    )
    rows = program.query("select event_name, severity_text, logger, attributes from log order by ts")
    assert [row[:3] for row in rows] == [("order.placed", "WARN", "__main__")] * 2 + [
        ("obsv.violation", "WARN", "__main__")
    ]
    assert json.loads(rows[0][3]) | {"decision_time": ""} == {
        "decision_time": "", "symbol": "E", "quantity": 2, "schema.version": 3,
    }  # fmt: skip
    broken = json.loads(rows[2][3])
    assert broken["violations"] == ["quantity: Input should be a valid integer, unable to parse string as an integer"]
    assert broken["fields"] == {"symbol": "E", "quantity": "many", "password": "***"}
    assert program.query("select source, name, violations from violation") == [
        ("event", "order.placed", json.dumps(broken["violations"], separators=(",", ":")))
    ]


@pytest.mark.parametrize("schema", EXAMPLES, ids=lambda schema: schema.schema_name)
def test_shipped_schemas(schema: type[Event]) -> None:
    """Each takes its example, and nothing beside its fields."""
    assert schema.record(on_invalid="raise", **EXAMPLES[schema]) is not None
    with pytest.raises(InvalidEvent, match="colour: Extra inputs"):
        schema.record(on_invalid="raise", **EXAMPLES[schema], colour="red")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"decision_time": datetime(2026, 3, 1, 12)}, "decision_time: Input should have timezone info"),
        ({"label_cutoff": NOW - timedelta(seconds=1)}, "label_cutoff is before decision_time"),
        (
            {"inputs": [{"name": "price", "value": 1.0, "as_of": NOW + timedelta(seconds=1)}]},
            "input price: as_of is after decision_time",
        ),
        ({"inputs": [{"name": "price", "value": 1.0}]}, "inputs.0.as_of: Field required"),
        ({"probability": 1.5}, "probability: Input should be less than or equal to 1"),
    ],
)
def test_rules_of_time(changes: dict[str, Any], told: str) -> None:
    """No naive times, no result from before the decision, no value from after it."""
    with pytest.raises(InvalidEvent, match=told):
        schemas.Signal.record(on_invalid="raise", **{**EXAMPLES[schemas.Signal], **changes})


def test_a_class_says_what_happens_to_invalid_ones() -> None:
    """Unless the call says otherwise."""

    class Strict(obsv.Event, on_invalid="raise", name="strict.one"):
        number: int

    with pytest.raises(InvalidEvent, match=r"strict.one is not recorded: number"):
        Strict.record(number="x")
    assert Strict.record(on_invalid="record", number="x") is None
    with pytest.raises(ConfigurationError, match="on_invalid"):
        type("Wrong", (obsv.Event,), {}, on_invalid="ignore")


class Holds(Event):
    """An event of any value."""

    value: Any


@pytest.mark.parametrize("value", [ValueError("no"), b"\xff", object()], ids=["exception", "bytes", "object"])
def test_values_without_a_form_in_json_are_shown(monkeypatch: pytest.MonkeyPatch, value: object) -> None:
    """The event is recorded with all its fields, and nothing is raised into the program."""
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(schema, "emit", lambda *about: told.append(dict(about[-1])))
    inputs = [{"name": "price", "value": value, "as_of": NOW}]
    event = Holds.record(value=1, decision_time=NOW, inputs=inputs)
    assert event is not None
    event.emit()
    Holds.record(value=value)
    kept = {"value": 1, "decision_time": NOW, "inputs": inputs, "schema.version": 1}
    assert told == [kept, kept, {"value": value, "schema.version": 1}]
