"""Differences of configurations, and artifacts read again."""

from __future__ import annotations

from pathlib import Path

import pytest

import obsv
from obsv.registry import Difference, differences, flat, verify
from obsv.store.figures import Artifact
from obsv.store.seam import open_store

TEXTS = {
    "a.json": ('{"layers": [8, 4], "rate": 1}', '{"layers": [8], "rate": 1.0}'),
    "a.toml": ("layers = [8, 4]\nrate = 1", "layers = [8]\nrate = 1.0"),
    "a.yaml": ("layers: [8, 4]\nrate: 1", "layers: [8]\nrate: 1.0"),
}


def latest(db: Path, artifact_id: str) -> Artifact:
    """The latest registration of an artifact."""
    return open_store(db).read_registrations(artifact_id, 1)[0]


@pytest.mark.parametrize("name", TEXTS)
def test_configurations_by_value(name: str, tmp_path: Path) -> None:
    """Whatever they are written in: a whole number is not a real one."""
    db, path = tmp_path / "store.db", tmp_path / name
    sides = []
    for text in TEXTS[name]:
        path.write_text(text)
        sides.append(latest(db, obsv.register("config", path, db=db)))
    found = [each for each in differences(*sides) if each.part == "config"]
    assert found == [
        Difference("config", "layers[1]", 4, None, "removed"),
        Difference("config", "rate", 1, 1.0, "changed"),
    ]


@pytest.mark.parametrize("text", ["{", "a: !!python/object/apply:os.system ['true']", "[" * 100_000, "\x00\xff"])
def test_unreadable_configuration_is_registered(text: str, tmp_path: Path) -> None:
    """By its bytes; there is nothing to compare."""
    db, path = tmp_path / "store.db", tmp_path / "a.yaml"
    path.write_text(text)
    assert latest(db, obsv.register("config", path, db=db)).content is None


def test_what_was_said_differs(tmp_path: Path) -> None:
    """Of meta and parents, what is new and what is gone."""
    db = tmp_path / "store.db"
    data = obsv.register("data", b"rows", db=db)
    old = latest(db, obsv.register("model", b"one", {"auc": 0.7, "note": "x"}, db=db))
    new = latest(db, obsv.register("model", b"two", {"auc": 0.8}, [data], db=db))
    found = {(each.part, each.path): each.change for each in differences(old, new)}
    assert found == {("meta", "auc"): "changed", ("meta", "note"): "removed", ("parents", data): "added"}
    assert differences(old, old) == []


def test_flat_paths() -> None:
    """Empty collections are values."""
    assert flat({"a": {"b": [1, {}]}, "c": []}) == {"a.b[0]": 1, "a.b[1]": {}, "c": []}


def test_verified_files(tmp_path: Path) -> None:
    """A file is the same, changed or missing; on another host nobody knows."""
    db, path = tmp_path / "store.db", tmp_path / "model.bin"
    path.write_bytes(b"weights")
    artifact = latest(db, obsv.register("model", path, db=db))
    assert verify(artifact).state == "same"
    assert verify(artifact._replace(host="another")).state == "elsewhere"
    path.write_bytes(b"weightz")
    assert verify(artifact).state == "changed"
    path.unlink()
    assert verify(artifact).state == "missing"
    assert verify(latest(db, obsv.register("model", b"given", db=db))).state == "unkept"


def test_a_file_that_grew_beyond_a_limit_is_not_read(tmp_path: Path) -> None:
    """Nor a directory: its sizes are added up first."""
    db, path = tmp_path / "store.db", tmp_path / "data"
    path.mkdir()
    (path / "a").write_bytes(b"1234")
    artifact = latest(db, obsv.register("data", path, db=db))
    assert verify(artifact, 4).state == "same"
    (path / "b").write_bytes(b"5")
    assert (verify(artifact, 4).state, verify(artifact).state) == ("large", "changed")
