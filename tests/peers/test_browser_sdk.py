"""A page of another origin sends spans from a real browser: preflight, then JSON."""

import functools
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from chromium import CHROMIUM, FLAGS
from tests.peers.conftest import HERE, WAIT_S, give_up

from obsv.otlp.receiver import Receiver
from obsv.store import Reader

TOKEN = "a-long-enough-token"


class Files(SimpleHTTPRequestHandler):
    """Serves a directory and keeps quiet."""

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def origin(tmp_path: Path, node: Callable[[str], str]) -> Iterator[str]:
    """The origin of a page that sends a span when it is opened."""
    node("browser_sdk")
    esbuild = HERE / "browser_sdk" / "node_modules" / ".bin" / "esbuild"
    options = ["--bundle", "--format=esm", f"--outfile={tmp_path / 'page.js'}", "--log-level=error"]
    subprocess.run([str(esbuild), "page.mjs", *options], cwd=HERE / "browser_sdk", check=True, timeout=WAIT_S)
    (tmp_path / "index.html").write_text('<!doctype html><script type="module" src="page.js"></script>')
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": CHROMIUM, "args": FLAGS}


@pytest.fixture
def title(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Opens a page and returns its title, once it has one."""
    pytest.importorskip("playwright.sync_api")
    if not CHROMIUM:
        give_up("no Chromium on this machine (apt-get install chromium)")

    def open_page(url: str) -> str:
        page = request.getfixturevalue("browser").new_page()
        page.goto(url)
        page.wait_for_function("document.title !== ''", timeout=WAIT_S * 1e3)
        found: str = page.title()
        page.close()
        return found

    return open_page


def page(origin: str, receiver: Receiver, token: str = "") -> str:
    return f"{origin}/?to={quote(f'http://127.0.0.1:{receiver.http_port}/v1/traces')}&token={token}"


def test_permitted_origin(
    start: Callable[..., Receiver], reader: Reader, origin: str, title: Callable[[str], str]
) -> None:
    """A page of a permitted origin sends its span, here with the token."""
    receiver = start(cors_origins=(origin,), token=TOKEN)
    assert title(page(origin, receiver, TOKEN)) == "sent"
    (row,) = reader.query("select service, process from process_trace")
    assert tuple(row) == ("page", "click")


def test_other_origins(
    start: Callable[..., Receiver], reader: Reader, origin: str, title: Callable[[str], str]
) -> None:
    """The browser keeps a page of any other origin from sending."""
    receiver = start(cors_origins=("https://shop.example",))
    assert title(page(origin, receiver)).startswith("failed")
    assert not reader.path.exists()
