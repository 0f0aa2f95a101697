"""Gates of the page of decisions, against their targets."""

from __future__ import annotations

from pathlib import Path

from dash.development.base_component import Component
from decision_rows import decision, gate
from store_rows import START_NS

import obsv
from obsv.dashboards.decisions.gates import gates_view
from obsv.store import Writer
from obsv.store.ground import HOUR_NS, Window
from obsv.store.seam import open_store

FILE = "gates: {{spread: {{max_x: 5.0, pass_rate_target: {}}}}}"


def shown(directory: Path, target: str) -> str:
    (directory / "gates.yaml").write_text(FILE.format(target))
    obsv.register("config", directory / "gates.yaml", db=directory / "store.db")
    store = open_store(directory / "store.db")
    table: Component
    table, *_ = gates_view(store, {}, {}, Window(START_NS, START_NS + HOUR_NS))
    store.close()
    return str(table)


def test_pass_rates_stand_against_the_registered_targets(tmp_path: Path) -> None:
    """Those of the file that was registered last; kept or missed."""
    writer = Writer(tmp_path / "store.db")
    writer.write([], logs=[decision(n, gate(observed=float(n))) for n in range(1, 9)])
    writer.close()
    assert "badge badge-ok" in shown(tmp_path, "[0.5, 0.9]")
    assert "badge badge-err" in shown(tmp_path, "0.9")
    assert "badge" not in shown(tmp_path, "{other: 0.9}")
