"""Source distributions of other projects, with their own tests: fetched once into a cache folder."""

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def cache() -> Path:
    """Return the folder for fetched packages: `OBSV_TEST_CACHE`, else the user's cache folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "obsv-tests"
    return Path(os.environ.get("OBSV_TEST_CACHE") or default)


def unpacked(name: str, version: str) -> Path:
    """The folder of an unpacked source distribution. Skips the test offline; under `CI=true` that is a failure."""
    folder = cache() / f"{name}-{version}"
    with _alone(folder):
        if not folder.exists():
            _unpack(_fetch(name, version, cache() / "sdists"), folder)
    return folder


def _fetch(name: str, version: str, into: Path) -> Path:
    into.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*command, "--no-binary", ":all:", "--dest", str(into), f"{name}=={version}"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    found = sorted(into.glob(f"{name}-{version}.tar.gz"))
    if not found:
        missing(f"{name} {version} cannot be fetched: {done.stderr.strip()[-300:]}")
    return found[0]


def missing(reason: str) -> None:
    """Skip a test whose requirement is missing, or fail under `CI=true`."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _unpack(archive: Path, folder: Path) -> None:
    into = folder.with_name(f"{folder.name}.part")
    with tarfile.open(archive) as packed:
        if sys.version_info >= (3, 12):
            packed.extractall(into, filter="data")
        else:
            packed.extractall(into)
    (into / folder.name).rename(folder)
    into.rmdir()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time, where there are file locks."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        yield
        return
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
