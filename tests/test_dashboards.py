"""Grafana's dashboards and data sources, as far as they can be checked without Grafana."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from query_world import make

from obsv.alerts.levels import Slo
from obsv.alerts.parts import Part
from obsv.api.exposition import render
from obsv.api.metrics import alert_metrics, families, pipeline_metrics, slo_metrics
from obsv.api.traceql import parse
from obsv.store import Reader
from obsv.store.figures.totals import read_totals
from obsv.store.seam import open_store
from obsv.store.watching import Level

FOLDER = Path(__file__).parents[1] / "dashboards"
BOARDS = sorted(FOLDER.glob("*.json"))
# Panels that come with Grafana.
CORE = {"stat", "timeseries", "table", "heatmap", "nodeGraph"}
SOURCES = {"obsv-tempo": "tempo", "obsv-jaeger": "jaeger", "obsv-prometheus": "prometheus"}
VARIABLES = {
    "$__rate_interval": "1m", "$__range": "1h", "$service": "shop", "$function": "shop.cart.main", "$longer": "100ms",
    "$slo": "prices",
}  # fmt: skip


def boards() -> dict[str, Any]:
    return {path.name: json.loads(path.read_text()) for path in BOARDS}


def filled(text: str) -> str:
    for name, value in VARIABLES.items():
        text = text.replace(name, value)
    assert "$" not in text, text
    return text


def targets() -> Iterator[dict[str, Any]]:
    for board in boards().values():
        for panel in board["panels"]:
            yield from panel["targets"]


def expressions() -> list[str]:
    return [filled(target["expr"]) for target in targets() if "expr" in target]


def test_there_are_five_and_their_ids_are_fixed() -> None:
    """Links to dashboards last."""
    assert {name: board["uid"] for name, board in boards().items()} == {
        "errors.json": "obsv-errors",
        "function.json": "obsv-function",
        "overview.json": "obsv-overview",
        "pipeline.json": "obsv-pipeline",
        "service-levels.json": "obsv-service-levels",
    }


def test_no_plugin_is_needed() -> None:
    """All panels come with Grafana, all data sources are provisioned, and no panel lies over another."""
    for name, board in boards().items():
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            assert panel["type"] in CORE, name
            sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
            assert all(SOURCES[source["uid"]] == source["type"] for source in sources)
            at = panel["gridPos"]
            cells = {(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])}
            assert not cells & taken, f"{name}: {panel['title']}"
            assert at["x"] + at["w"] <= 24
            taken |= cells


def test_sources_are_provisioned_with_fixed_ids() -> None:
    """The provisioning file has the three that the dashboards name; the service graph's Prometheus is among them."""
    found = yaml.safe_load((FOLDER / "provisioning/datasources/obsv.yaml").read_text())["datasources"]
    assert {source["uid"]: source["type"] for source in found} == SOURCES
    (tempo,) = (source for source in found if source["type"] == "tempo")
    assert tempo["url"].endswith("/tempo")
    assert tempo["jsonData"]["serviceMap"]["datasourceUid"] in SOURCES


def test_traceql_of_the_panels_is_answered() -> None:
    """Every TraceQL query parses."""
    queries = [filled(target["query"]) for target in targets() if target.get("queryType") == "traceql"]
    assert len(queries) >= 5
    for query in queries:
        parse(query)


def test_series_of_the_panels_are_exposed(tmp_path: Path) -> None:
    """Every series that a panel or variable names is one of /metrics."""
    reader = Reader(make(tmp_path / "obsv.db"))
    store, slo = open_store(tmp_path / "obsv.db"), Slo("prices", 0.99, 86_400, Level("1", "*", "*", "*"))
    extra = [*alert_metrics(store, 0), *pipeline_metrics([Part("writer", 0.0, "")]), *slo_metrics(store, [slo], 0)]
    text = render([*families(read_totals(reader, 0), {}), *extra])
    known = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    known |= {f"{name}_{part}" for name in known for part in ("bucket", "sum", "count")}
    variables = [
        v["definition"] for board in boards().values() for v in board["templating"]["list"] if "definition" in v
    ]
    named = set(re.findall(r"\b(?:traces|obsv)_\w+", " ".join(expressions() + variables)))
    assert named
    assert named <= known


def test_promql_of_the_panels_is_valid(tmp_path: Path) -> None:
    """Prometheus's own parser takes every expression."""
    promtool = shutil.which("promtool")
    if promtool is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("promtool is not installed: apt-get install --no-install-recommends prometheus")
    rules = [{"record": f"rule_{number}", "expr": text} for number, text in enumerate(expressions())]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    for command in (["check", "rules", tmp_path / "rules.yml"], ["check", "config", FOLDER / "prometheus.yml"]):
        checked = subprocess.run([promtool, *command], capture_output=True, text=True, timeout=240)
        assert checked.returncode == 0, checked.stderr


def test_readme_names_every_file() -> None:
    """The folder's README lists what is in it, and its first line says what the folder is."""
    text = (FOLDER / "README.md").read_text()
    assert text.splitlines()[0].startswith("This directory contains dashboards and data sources for Grafana")
    for path in FOLDER.rglob("*.*"):
        if path.name != "README.md":
            assert f"`{path.relative_to(FOLDER)}`" in text
