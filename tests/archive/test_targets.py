"""A directory and an object store keep the same promises."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from archive_rows import BEGIN_NS, HOUR_NS
from faulty_proxy import FaultyProxy
from object_store import ObjectStore, weed

from obsv.archive import Archiver, Target, Targets, open_target, thaw
from obsv.errors import ConfigurationError, StoreUnavailable
from obsv.store import Writer
from obsv.store.writing import ArchiveBook

needs_server = pytest.mark.skipif(weed() is None, reason="no SeaweedFS")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    store = ObjectStore(tmp_path_factory.mktemp("objects"))
    store.start()
    yield store
    store.kill()


@pytest.fixture(params=["directory", pytest.param("bucket", marks=needs_server)])
def any_target(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    if request.param == "directory":
        return open_target(tmp_path.as_uri())
    for name, value in request.getfixturevalue("server").variables.items():
        monkeypatch.setenv(name, value)
    return open_target(f"s3://archive/{tmp_path.name}")


def test_a_name_is_given_once(any_target: Target) -> None:
    """The first content stays."""
    assert any_target.put("calls/a/b", b"one")
    assert not any_target.put("calls/a/b", b"two")
    assert any_target.get("calls/a/b") == b"one"


def test_what_is_not_there(any_target: Target) -> None:
    """Is None, and can be deleted."""
    assert any_target.get("calls/none") is None
    any_target.delete("calls/none")
    assert list(any_target.names("calls")) == []


def test_names_below_a_directory(any_target: Target) -> None:
    """And no others."""
    for name in ("calls/a/1", "calls/b/2", "other/3"):
        any_target.put(name, b"")
    assert sorted(any_target.names("calls")) == ["calls/a/1", "calls/b/2"]
    any_target.delete("calls/a/1")
    assert list(any_target.names("calls")) == ["calls/b/2"]


def test_an_archive_in_each(any_target: Target, archiving: Callable[..., Archiver]) -> None:
    """Written, and read back."""
    archiver = archiving(any_target)
    while archiver.step(BEGIN_NS + 24 * HOUR_NS) is not None:
        pass
    assert archiver.verify() == (3, 90, [], [], [])


@needs_server
def test_a_server_that_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, archiving: Callable[..., Archiver]
) -> None:
    """While it is away nothing is archived and nothing lost; when it is back, it goes on."""
    server = ObjectStore(tmp_path / "objects")
    server.start()
    try:
        for name, value in server.variables.items():
            monkeypatch.setenv(name, value)
        archiver = archiving(open_target("s3://archive"))
        parts = 0
        while parts < 1:
            with suppress(StoreUnavailable):  # a busy machine's server makes its first volume in its own time
                parts += archiver.step(BEGIN_NS + 24 * HOUR_NS) is not None
        server.kill()
        with pytest.raises(StoreUnavailable, match="is not available"):
            archiver.step(BEGIN_NS + 24 * HOUR_NS)
        server.start()
        while parts < 3:
            with suppress(StoreUnavailable):  # it answers before it stores again
                parts += archiver.step(BEGIN_NS + 24 * HOUR_NS) is not None
        assert archiver.verify() == (3, 90, [], [], [])
    finally:
        server.kill()


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    """Is told as a store that does not answer."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreUnavailable, match="is not available"):
        open_target(str(tmp_path / "file" / "archive")).put("a", b"")


@pytest.mark.parametrize("url", ["ftp://host/x", "s3://", "s3://key:secret@bucket/x", "s3://bucket?token=1"])
def test_addresses_that_are_refused(url: str) -> None:
    """Of another kind, or with a secret in them."""
    with pytest.raises(ConfigurationError):
        open_target(url)


@needs_server
@pytest.mark.parametrize("seed", range(3))
def test_a_server_on_its_bad_days(
    server: ObjectStore,
    db: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    archiving: Callable[..., Archiver],
    seed: int,
) -> None:
    """Errors, requests to slow down, lost and cut answers: each call is in one part, and there is no other file."""
    rng, seen = random.Random(seed), Counter[str]()

    def fault(method: str) -> str:
        how = rng.choices(("", "500", "503", "lost", "cut"), (12, 1, 1, 1, 1))[0]
        seen[how] += 1
        return how

    for name, value in server.variables.items():
        monkeypatch.setenv(name, value)
    direct = open_target(f"s3://archive/{tmp_path.name}")
    proxy = FaultyProxy(server.variables["AWS_ENDPOINT_URL"], fault)
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    try:
        archiver = archiving(open_target(direct.url))
        for _ in range(100):
            with suppress(StoreUnavailable):
                if archiver.step(BEGIN_NS + 24 * HOUR_NS) is None:
                    break
        for _ in range(20):
            with suppress(StoreUnavailable):
                archiver.remove_replaced(2**62)
                break
    finally:
        proxy.close()
    assert seen["lost"] + seen["cut"] + seen["500"] + seen["503"] > 0
    assert archiving(direct).verify() == (3, 90, [], [], [])
    with closing(ArchiveBook(db)) as book, closing(Writer(tmp_path / "thawed.db")) as writer:
        assert thaw(book.parts(), Targets(direct), writer) == 90
