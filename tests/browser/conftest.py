"""The app in real Chromium, on a store that looks like a program's.

Where there is no Chromium these tests are skipped, and say so; with `CI=true` a missing Chromium is a failure.
Every test also fails when the page logs an error, when a request fails, or when one leaves this machine.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import story
from chromium import CHROMIUM, FLAGS
from playwright.sync_api import expect
from serving import serving

ZONE = "Asia/Kolkata"  # half an hour off, and never on summer time
HERE = Path(__file__).parent
# A busy machine with two cores takes its time to draw a first page; nothing here measures that.
PATIENCE_MS = 40_000
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM or os.environ.get("CI") == "true":
        return
    missing = pytest.mark.skip(reason="no Chromium on this machine (apt-get install chromium)")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(missing)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    assert CHROMIUM, "CI=true, and there is no Chromium: apt-get install chromium"
    return {"executable_path": CHROMIUM, "args": FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(base_url: str) -> dict[str, Any]:
    return {"base_url": base_url, "viewport": {"width": 1440, "height": 900}, "timezone_id": ZONE, "locale": "en-GB"}


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hours of an exchange; see `tests/support/story.py`."""
    path = tmp_path_factory.mktemp("browser") / "obsv.db"
    story.write(path)
    story.register(path, path.with_name("prices.csv"))
    return path


@pytest.fixture(scope="session")
def base_url(store: Path) -> Iterator[str]:
    """The address of a server that shows the story: pages open with `page.goto("/explorer")`."""
    with serving(store) as address:
        yield address


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serve another store: `serve(path)` gives the address."""
    with ExitStack() as stack:
        yield lambda path, **settings: stack.enter_context(serving(path, **settings))


@pytest.fixture(scope="session")
def context(browser: Any, browser_context_args: dict[str, Any]) -> Iterator[Any]:
    """One for all tests: the 4 MB of scripts that a page has read are there for the next. Nothing else stays."""
    with browser.new_context(**browser_context_args) as context:
        yield context


@pytest.fixture
def page(context: Any) -> Iterator[Any]:
    """A page that knows nothing of the ones before."""
    page = context.new_page()
    yield page
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
    wiped = {"origin": origin, "storageTypes": "all"}
    context.new_cdp_session(page).send("Storage.clearDataForOrigin", wiped)
    for each in context.pages:
        each.close()
    context.clear_cookies()
    context.set_offline(False)


class Watch:
    """A record of a page's errors."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.allowed: tuple[str, ...] = ()

    def allow(self, *parts: str) -> None:
        """Expect faults that contain one of these texts."""
        self.allowed += parts

    def note(self, fault: str) -> None:
        if not any(part in fault for part in self.allowed):
            self.faults.append(fault)

    def attach(self, page: Any) -> None:
        page.on("console", lambda message: message.type == "error" and self.note(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.note(f"error: {error}"))
        page.on("request", lambda request: self._local(request.url))
        page.on("response", lambda answer: answer.status >= 400 and self.note(f"{answer.status} {answer.url}"))

    def _local(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            self.note(f"left this machine: {url}")


@pytest.fixture(autouse=True)
def watch(page: Any) -> Iterator[Watch]:
    """No console error, no failed request, nothing that leaves this machine."""
    page.set_default_timeout(2 * PATIENCE_MS)
    watch = Watch()
    watch.attach(page)
    yield watch
    assert watch.faults == []
