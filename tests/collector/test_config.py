"""The collector's configurations, merged as the collector merges them, and every pipeline followed from end to end."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BASE = ROOT / "otel-collector-config.yaml"
OVERLAYS = sorted((ROOT / "exporters").glob("*.yaml"))
DESTINATIONS = {"obsv", "jaeger", "tempo", "clickhouse", "prometheus", "kafka", "debug"}
SIGNALS = ("traces", "metrics", "logs")
# What each distribution has of the components used here; from the manifests of opentelemetry-collector-releases.
OTELCOL = {"otlp", "memory_limiter", "forward", "otlp_http", "otlp_grpc", "debug", "kafka", "prometheus"}
CONTRIB = OTELCOL | {"clickhouse", "spanmetrics"}
SECRET = re.compile(r"password|token|authorization|secret|api_key|username", re.IGNORECASE)


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text())
    return loaded


def merge(base: Any, overlay: Any) -> Any:
    """Maps are joined, everything else is replaced: the collector's rule for several --config."""
    if isinstance(base, dict) and isinstance(overlay, dict):
        keys = [*base, *(key for key in overlay if key not in base)]
        return {
            key: merge(base[key], overlay[key]) if key in base and key in overlay else overlay.get(key, base.get(key))
            for key in keys
        }
    return overlay


def merged(*paths: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in paths:
        found = merge(found, load(path))
    return found


def pipelines(config: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = config["service"]["pipelines"]
    return found


def destinations(config: dict[str, Any]) -> set[str]:
    """Exporters that a span from the OTLP receiver reaches, connectors followed."""
    connectors = set(config.get("connectors") or {})
    reached, seen = {"otlp"}, set[str]()
    while reached - seen:
        source = (reached - seen).pop()
        seen.add(source)
        for pipeline in pipelines(config).values():
            if source in pipeline["receivers"]:
                reached |= set(pipeline["exporters"])
    return reached - connectors - {"otlp"}


def check(config: dict[str, Any]) -> None:
    """Check a configuration as the collector does at its start."""
    connectors = set(config.get("connectors") or {})
    used: dict[str, set[str]] = {"receivers": set(), "processors": set(), "exporters": set()}
    for name, pipeline in pipelines(config).items():
        assert name.partition("/")[0] in SIGNALS
        assert pipeline["receivers"], name
        assert pipeline["exporters"], name
        for kind, members in pipeline.items():
            used[kind] |= set(members)
    for kind, members in used.items():
        defined = set(config.get(kind) or {})
        assert members - connectors <= defined, f"{kind} that are used and not defined"
        assert defined <= members, f"{kind} that are defined and not used"
    for connector in connectors:
        assert connector in used["exporters"], f"{connector} gets nothing"
        assert connector in used["receivers"], f"{connector} goes nowhere"


def components(config: dict[str, Any]) -> set[str]:
    kinds = ("receivers", "processors", "connectors", "exporters")
    return {name.partition("/")[0] for kind in kinds for name in config.get(kind) or {}}


def leaves(config: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    if isinstance(config, dict):
        return [leaf for key, value in config.items() for leaf in leaves(value, (*path, str(key)))]
    if isinstance(config, list):
        return [leaf for value in config for leaf in leaves(value, path)]
    return [(path, config)]


def test_every_destination_has_its_overlay() -> None:
    """One overlay a destination."""
    assert {path.stem for path in OVERLAYS} == DESTINATIONS


def test_base_is_complete() -> None:
    """The base alone starts, limits memory first, and sends spans to obsv."""
    config = load(BASE)
    check(config)
    assert pipelines(config)["traces"]["processors"][0] == "memory_limiter"
    assert destinations(config) == {"otlp_http/obsv"}


@pytest.mark.parametrize("count", range(1, len(OVERLAYS) + 1))
def test_overlays_go_together(count: int) -> None:
    """Any overlays compose: the result starts, and spans reach obsv and every destination."""
    for chosen in itertools.combinations(OVERLAYS, count):
        config = merged(BASE, *chosen)
        check(config)
        expected = {"otlp_http/obsv"} | {name for path in chosen for name in load(path)["exporters"]}
        assert destinations(config) == expected


def test_order_does_not_matter() -> None:
    """The same overlays in another order are the same configuration, the base first or last."""
    expected = merged(BASE, *OVERLAYS)
    assert merged(*reversed(OVERLAYS), BASE) == expected
    for chosen in itertools.permutations(OVERLAYS, 3):
        assert merged(BASE, *chosen) == merged(BASE, *sorted(chosen))


@pytest.mark.parametrize("path", OVERLAYS, ids=lambda path: path.stem)
def test_overlay_adds_only_its_own(path: Path) -> None:
    """An overlay repeats no setting of the base or of another overlay, and every pipeline of it starts at forward."""
    others = {leaf for other in (BASE, *OVERLAYS) if other != path for leaf, _ in leaves(load(other))}
    assert not others & {leaf for leaf, _ in leaves(load(path))}
    connectors = set(load(path).get("connectors", ()))
    for pipeline in pipelines(load(path)).values():
        assert set(pipeline["receivers"]) <= {"forward"} | connectors


@pytest.mark.parametrize("path", [BASE, *OVERLAYS], ids=lambda path: path.stem)
def test_secrets_come_from_the_environment(path: Path) -> None:
    """Whatever may be secret is a variable, and no variable that may be secret has a default."""
    for leaf, value in leaves(load(path)):
        if SECRET.search(leaf[-1]):
            assert re.fullmatch(r"(Bearer )?\$\{env:[A-Z_]+(:-default)?\}", str(value)), leaf
        assert "$" not in str(value) or re.search(r"\$\{env:[A-Z_]+(:-[^}]*)?\}", str(value)), leaf


@pytest.mark.parametrize("path", [BASE, *OVERLAYS], ids=lambda path: path.stem)
def test_first_line_names_the_distribution(path: Path) -> None:
    """The first comment says which distribution it needs, and that one has its components."""
    first = path.read_text().splitlines()[0]
    assert first.startswith("#")
    assert "istribution" in first
    assert components(load(path)) <= (OTELCOL if re.search(r"otelcol\b(?!-)", first) else CONTRIB)


@pytest.mark.parametrize("path", OVERLAYS, ids=lambda path: path.stem)
def test_readme_lists_it(path: Path) -> None:
    """The table of the README has each overlay with its variables and their defaults."""
    (row,) = [line for line in (ROOT / "exporters" / "README.md").read_text().splitlines() if f"`{path.name}`" in line]
    for name, default in re.findall(r"\$\{env:([A-Z_]+)(?::-([^}]*))?\}", path.read_text()):
        assert f"`{name}`" in row
        assert not default or default == "default" or f"(`{default}`)" in row
