"""Artifacts are registered by the digest of their bytes, and who did so is kept."""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from store_rows import call

import obsv
from obsv.errors import ConfigurationError, InvalidQuery
from obsv.registry import verify
from obsv.store import Writer
from obsv.store.seam import SQLiteStore, open_store


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(db: Path) -> SQLiteStore:
    return open_store(db)


def test_id_is_the_digest_of_the_bytes(tmp_path: Path, db: Path, store: SQLiteStore) -> None:
    """The same bytes have one ID, as a file or given; each registration is kept."""
    path = tmp_path / "model.bin"
    path.write_bytes(b"weights" * 500_000)
    first = obsv.register("model", path, {"auc": 0.71}, why="weekly training", db=db)
    assert first == hashlib.sha256(path.read_bytes()).hexdigest()
    assert obsv.register("model", path.read_bytes(), name="again", db=db) == first
    latest, earlier = store.read_registrations(first[:10])
    assert (latest.name, latest.location, latest.form) == ("again", "", "bytes")
    assert (earlier.name, earlier.location, earlier.meta) == ("model.bin", str(path), {"auc": 0.71})
    assert (earlier.size, earlier.why, bool(earlier.who), bool(earlier.host)) == (3_500_000, "weekly training", 1, 1)
    assert [each.artifact_id for each in store.list_artifacts()] == [first]


def test_nothing_is_unpickled(tmp_path: Path, db: Path) -> None:
    """A model that runs code when it is loaded is only read."""
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(_Bomb()))
    assert obsv.register("model", path, db=db)
    assert not (tmp_path / "ran").exists()


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("it was unpickled",)


def test_secrets_are_masked(db: Path, store: SQLiteStore) -> None:
    """In what is said of an artifact, in a configuration and in the reason."""
    config = {"url": "postgres://bob:hunter22@db/x", "api_key": "abcdef", "limit": 3}
    obsv.register("config", config, {"password": "hunter22"}, why="token=abcdefghij", db=db)
    (found,) = store.list_artifacts("config")
    assert found.content["limit"] == 3
    assert not any(secret in repr(found) for secret in ("hunter22", "abcdef"))


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux only")
def test_texts_that_are_not_unicode_are_escaped(tmp_path: Path, db: Path, store: SQLiteStore) -> None:
    """A file's name that is not UTF-8, and lone surrogates in each text."""
    path = tmp_path / os.fsdecode(b"\xff.bin")
    path.write_bytes(b"weights")
    obsv.register("model", path, db=db)
    obsv.register("odd \udcfe", b"rows", name="name \udcfd", why="token=abcdefghij \udcfc", db=db)
    odd, model = store.list_artifacts()
    assert (model.name, model.location) == (r"\udcff.bin", rf"{tmp_path}/\udcff.bin")
    assert verify(model).state == "same"
    assert (odd.kind, odd.name, odd.why[-7:]) == (r"odd \udcfe", r"name \udcfd", r" \udcfc")


def test_lineage_is_a_graph_without_circles(db: Path, store: SQLiteStore) -> None:
    """Parents need not be registered here; nothing descends from itself."""
    elsewhere = "0" * 64
    data = obsv.register("data", b"rows", parents=[elsewhere], db=db)
    model = obsv.register("model", b"weights", parents=[data], db=db)
    assert set(store.read_lineage(data).edges) == {(data, elsewhere), (model, data)}
    assert set(store.read_lineage(model).artifacts) == {data, model}
    with pytest.raises(InvalidQuery, match="cannot descend"):
        obsv.register("data", b"rows", parents=[model], db=db)
    with pytest.raises(InvalidQuery, match="cannot descend"):
        obsv.register("data", b"rows", parents=[data], db=db)
    assert len(store.list_artifacts()) == 2


def test_invalid_arguments_are_named(tmp_path: Path, db: Path) -> None:
    """A missing file, a pipe, a parent that is not an ID, a mapping that JSON cannot express."""
    with pytest.raises(ConfigurationError, match="cannot be registered: No such file"):
        obsv.register("model", tmp_path / "gone", db=db)
    with pytest.raises(ConfigurationError, match="64 hex digits"):
        obsv.register("model", b"", parents=["latest"], db=db)
    with pytest.raises(ConfigurationError, match="kind first"):
        obsv.register("", b"", db=db)
    with pytest.raises(ConfigurationError, match="JSON cannot express"):
        obsv.register("config", {"a": object()}, db=db)
    with pytest.raises(ConfigurationError, match="not a regular file"):
        obsv.register("data", "/dev/null", db=db)
    assert not db.exists()


def test_store_that_cannot_be_written_is_said_once(db: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The ID depends on the bytes only; the program goes on."""
    db.write_text("this is something else, and not a database of ours" * 100)
    with caplog.at_level(logging.WARNING, "obsv"):
        ids = {obsv.register("model", b"weights", db=db) for _ in range(3)}
    assert ids == {hashlib.sha256(b"weights").hexdigest()}
    assert len([each for each in caplog.records if "could not be registered" in each.getMessage()]) == 1


def test_registered_beside_a_writer(db: Path, store: SQLiteStore) -> None:
    """A keeper that writes all the time neither loses a registration nor is stopped by one."""
    stop = threading.Event()

    def write() -> None:
        writer = Writer(db)
        number = 0
        while not stop.is_set():
            number += 1
            writer.write([call(number)])
        writer.close()

    keeper = threading.Thread(target=write)
    keeper.start()
    try:
        ids = [obsv.register("model", b"%d" % number, db=db) for number in range(20)]
    finally:
        stop.set()
        keeper.join()
    assert {each.artifact_id for each in store.list_artifacts()} == set(ids)


def test_commit_of_the_program(tmp_path: Path, db: Path, store: SQLiteStore) -> None:
    """The commit of the program that registers, and whether a tracked file was modified."""
    root = tmp_path / "project"
    root.mkdir()
    program = root / "train.py"
    program.write_text("import obsv, sys\nobsv.register('model', sys.argv[2].encode(), db=sys.argv[1])\n")
    (root / "other.py").write_text("x = 1\n")
    git = ["git", "-C", str(root), "-c", "user.name=n", "-c", "user.email=e@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *arguments], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    subprocess.run([sys.executable, str(program), str(db), "clean"], check=True, cwd=tmp_path)
    (root / "other.py").write_text("x = 2\n")
    subprocess.run([sys.executable, str(program), str(db), "dirty"], check=True, cwd=tmp_path)
    dirty, clean = store.list_artifacts()
    assert [(each.git_commit, each.git_dirty) for each in (clean, dirty)] == [(commit, False), (commit, True)]
