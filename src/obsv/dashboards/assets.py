"""Files of this package that the browser loads: scripts, styles, fonts and icons, each in the folder of its page."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dash import Dash
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

FOLDER = Path(__file__).parent
# Everything else in these folders is Python and is not served.
SERVED = (".js", ".css", ".svg", ".woff2", ".txt")
# boot.js sets the theme before the first paint, so it is in the head; the others belong to other pages.
NOT_LOADED = ("boot.js", "login.css", "reference.css")
# They come before those of pages, so that a page's style can override a component's.
FIRST = ("shell", "components", "charts", "controls")


class Assets(StaticFiles):
    """Files in `FOLDER` whose names end with one of `SERVED`."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Return a file, like Starlette's class."""
        return super().lookup_path(path) if path.endswith(SERVED) else ("", None)


def serve_assets(server: FastAPI) -> None:
    """Serve `/assets/<folder>/<file>`."""
    server.mount("/assets", Assets(directory=FOLDER), name="assets")


def load_assets(app: Dash) -> None:
    """List the scripts and styles in the index page, as classic scripts in the order of `loaded`."""
    for path in loaded():
        resource: Any = {"asset_path": path.relative_to(FOLDER).as_posix(), "filepath": str(path)}
        (app.scripts.append_script if path.suffix == ".js" else app.css.append_css)(resource)


def loaded() -> Iterator[Path]:
    """Yield the scripts and styles: those of the folders in `FIRST`, then those of pages, by name within a folder.

    While a script loads, it may use only scripts of the shell and of components.
    """
    others = sorted(path.name for path in FOLDER.iterdir() if path.is_dir() and path.name not in FIRST)
    for name in (*FIRST, *others):
        found = (path for path in (FOLDER / name).iterdir() if path.suffix in (".js", ".css"))
        yield from sorted(path for path in found if path.name not in NOT_LOADED)
