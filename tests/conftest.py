"""Shared set-up: Hypothesis without deadlines, Ctrl-C that works, and no keeper that outlives its test."""

import importlib.util
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from keepers import end_keepers

# On 3.10 the archive cannot be installed.
collect_ignore = [] if importlib.util.find_spec("obstore") else ["archive", "cold", "forgetting", "cli/test_archive.py"]

# How long an example takes says how busy the machine is. CI has the same examples each time, elsewhere they are new.
settings.register_profile(
    "obsv", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=os.environ.get("CI") == "true"
)
settings.load_profile("obsv")

# A shell starts what it runs in the background deaf to Ctrl-C, and so would be all that tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_keepers_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """A keeper stays for a while after its last program: hundreds of tests would have as many at once."""
    # Asked for before the test, so that it outlives what the test has running.
    directory: Path | None = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    if directory is not None:
        end_keepers(directory)


@pytest.fixture(scope="session", autouse=True)
def _no_keepers_at_the_end(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Of databases that many tests share."""
    yield
    end_keepers(tmp_path_factory.getbasetemp())
