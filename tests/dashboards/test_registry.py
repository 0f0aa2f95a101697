"""The pages of the registry."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from decision_rows import decision, gate
from store_rows import START_NS

import obsv
from obsv.dashboards.page import Page, View
from obsv.dashboards.registry.artifact import PAGE as ARTIFACT
from obsv.dashboards.registry.artifact import checked
from obsv.dashboards.registry.compared import PAGE as COMPARED
from obsv.dashboards.registry.lineage import MOST_SHOWN, lineage_graph, nearest
from obsv.dashboards.registry.page import PAGE as REGISTRY
from obsv.errors import NotFound
from obsv.store import Writer
from obsv.store.figures import Lineage
from obsv.store.ground import HOUR_NS
from obsv.store.seam import open_store
from obsv.times import iso

HOSTILE = "<img src=x onerror=alert(1)>"
Shown = Callable[..., str]


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    """Return the text of a page: `shown(PAGE, {"artifact": …}, kind=…)`."""

    def text(page: Page, path: dict[str, str] | None = None, **query: str) -> str:
        store = open_store(tmp_path / "o.db")
        try:
            view = View(store, path or {}, query, START_NS + HOUR_NS, None, file=tmp_path / "o.db")
            return str(page.layout(view))
        finally:
            store.close()

    return text


def test_artifacts_are_listed_by_kind_and_name(shown: Shown, tmp_path: Path) -> None:
    """Names stay text; a kind that there is not is told."""
    db = tmp_path / "o.db"
    obsv.register("model", b"one", name=HOSTILE, why="because", db=db)
    obsv.register("data", b"two", name="prices", db=db)
    assert HOSTILE in shown(REGISTRY)
    assert HOSTILE not in shown(REGISTRY, kind="data")
    assert "prices" not in shown(REGISTRY, name=HOSTILE)
    assert "No such artifacts" in shown(REGISTRY, kind="nothing")


def test_an_empty_registry_says_how_to_fill_it(shown: Shown, tmp_path: Path) -> None:
    """By the function that does."""
    writer = Writer(tmp_path / "o.db")
    writer.write([], logs=[decision(1)])
    writer.close()
    assert "obsv.register(kind, path)" in shown(REGISTRY)


def test_an_artifact_shows_its_registrations_and_others_of_its_name(shown: Shown, tmp_path: Path) -> None:
    """Each time that it was registered, with the reason; the configuration by value."""
    db = tmp_path / "o.db"
    first = obsv.register("config", {"rate": 1, "deep": {"er": HOSTILE}}, name="rates", why="at first", db=db)
    obsv.register("config", {"rate": 1, "deep": {"er": HOSTILE}}, name="rates", why="once more", db=db)
    second = obsv.register("config", {"rate": 2}, name="rates", parents=[first], db=db)
    found = shown(ARTIFACT, {"artifact": first})
    assert all(part in found for part in ("at first", "once more", "deep.er", HOSTILE))
    assert f"before={first}&after={second}" in found
    assert "registry-check" not in found
    with pytest.raises(NotFound):
        shown(ARTIFACT, {"artifact": "nothing"})


def test_its_file_is_read_again(tmp_path: Path) -> None:
    """It is unchanged, changed or missing."""
    file, db = tmp_path / "model.bin", tmp_path / "o.db"
    file.write_bytes(b"weights")
    artifact = obsv.register("model", file, db=db)
    store = open_store(db)
    assert "unchanged" in str(checked(store, artifact))
    file.write_bytes(b"others!")
    assert "'changed'" in str(checked(store, artifact))
    file.unlink()
    assert "missing" in str(checked(store, artifact))
    store.close()


def test_the_graph_has_the_nearest_artifacts(tmp_path: Path) -> None:
    """Also in a circle, and with parents that are not registered here."""
    edges = [(f"{n + 1:064x}", f"{n:064x}") for n in range(500)] + [(f"{0:064x}", f"{5:064x}")]
    found = Lineage({}, edges, False)
    near = nearest(found, f"{250:064x}")
    assert len(near) == MOST_SHOWN
    assert {f"{249:064x}", f"{251:064x}"} < near
    text = str(lineage_graph(found, f"{250:064x}"))
    assert "not registered" in text
    assert "120 are shown" in text


def test_what_an_artifact_was_made_of_stands_left_of_it() -> None:
    """Also of many versions, each of which was made of the one before and of data."""
    names = [f"{n:064x}" for n in range(1, 33)]
    made = [(names[n + 1], names[n]) for n in range(15)]
    text = str(lineage_graph(Lineage({}, [*made, *((names[n], names[n + 16]) for n in range(15))], False), names[0]))
    left = [
        float(text.partition(f"title='{name}'")[0].rpartition("'left': '")[2].partition("px")[0]) for name in names[:16]
    ]
    assert all(one < other for one, other in pairwise(left))


def test_two_actors_are_compared(shown: Shown, tmp_path: Path) -> None:
    """An actor that has the name of an artifact is meant as decisions name it."""
    db = tmp_path / "o.db"
    obsv.register("model", b"one", {"auc": 0.6}, name="one", db=db)
    obsv.register("model", b"two", {"auc": 0.7}, name="two", db=db)
    writer = Writer(db)
    refused = decision(2, gate(passed=False), actor="two", verdict="block")
    writer.write([], logs=[decision(1, gate(), actor="one"), refused])
    writer.close()
    period = {"from": iso(START_NS - HOUR_NS), "to": iso(START_NS + HOUR_NS)}
    found = shown(COMPARED, before="one", after="two", **period)
    assert all(part in found for part in ("auc", "1 of 1 pairs", "Table of decisions that differ", "points"))
    assert "Choose two artifacts" in shown(COMPARED, before="one", **period)
    assert "No decisions of either" in shown(COMPARED, before="three", after="four", **period)
