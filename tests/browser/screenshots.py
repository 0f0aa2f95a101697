"""Pictures of the pages, made from the demo: `python tests/browser/screenshots.py [DIRECTORY] [--seconds 60]`.

Starts `obsv demo --serve`, lets it run, and puts one PNG a page into docs/images. Look at them before you commit them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

from obsv.dashboards.pages import PAGES

IMAGES = Path(__file__).parents[2] / "docs" / "images"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SIZE = {"width": 1440, "height": 900}


@contextmanager
def demo(seconds: float) -> Iterator[str]:
    """The demo program and the app on it; gives the address once it has run for a while."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as directory:
        command = [
            sys.executable,
            "-m",
            "obsv",
            "demo",
            "--serve",
            "--port",
            str(port),
            "--seconds",
            str(seconds + 600),
        ]
        process = subprocess.Popen([*command, "--db", f"{directory}/observability.db"], stdout=subprocess.DEVNULL)
        try:
            time.sleep(seconds)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def failed_call(address: str) -> dict[str, Any]:
    """The latest failed call that stands deep in its trace."""
    with urlopen(f"{address}/api/v1/calls?range=1h&status=ERR&limit=200") as answer:
        calls = json.load(answer)["calls"]
    return next((call for call in calls if call["process"].endswith(".send")), calls[0])


def pages(address: str) -> dict[str, tuple[str, str]]:
    """Name of the picture: address, and a selector of what has to be there."""
    call = failed_call(address)
    token, trace = f"{call['trace_id']}.{call['span_id']}", call["trace_id"]
    wanted = {
        "overview": ("/?range=5m", ".error-row"),
        "explorer": ("/explorer?range=5m", ".ag-row"),
        "drill-down": (f"/explorer?range=5m&status=ERR&call={token}", ".drilldown .js-plotly-plot"),
        "trace": (f"/trace/{trace}?span={call['span_id']}", ".ag-row"),
        "flow": ("/flow?range=5m", "canvas"),
        "code": (f"/code?process={call['process']}&range=1h", ".source"),
        "compare": (f"/compare?trace={trace}&span={call['span_id']}", "#page table"),
    }
    there = {page.path.split("/")[1] for page in PAGES}
    return {name: what for name, what in wanted.items() if what[0].split("?")[0].split("/")[1] in there}


def shoot(browser: Browser, address: str, path: str, ready: str, file: Path, theme: str = "dark") -> None:
    """One picture."""
    page: Page = browser.new_page(viewport=SIZE, device_scale_factor=1)
    page.add_init_script(f"localStorage.setItem('theme', JSON.stringify('{theme}'))")
    page.goto(address + path)
    page.wait_for_selector(ready, timeout=60_000)
    page.wait_for_timeout(2_500)
    # On a busy machine the writer is late now and then.
    page.wait_for_selector("#ribbon .badge-ok", timeout=60_000)
    page.screenshot(path=file)
    page.close()


def main(directory: Path, seconds: float) -> None:
    """All pictures, dark, and the overview in light."""
    directory.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with demo(seconds) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, (path, ready) in pages(address).items():
            print(name, flush=True)
            shoot(browser, address, path, ready, directory / f"{name}.png")
        shoot(browser, address, "/?range=5m", ".error-row", directory / "overview-light.png", "light")
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path, nargs="?", default=IMAGES)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    main(given.directory, given.seconds)
