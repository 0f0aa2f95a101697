"""The Dash app, mounted on the server's FastAPI app: index page, callbacks off the event loop, pages by address."""

import asyncio
import functools
import inspect
import logging
import re
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import dash
from dash import ClientsideFunction, Dash, set_props
from dash.exceptions import PreventUpdate
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from obsv.alerts.watch import Watch
from obsv.dashboards.assets import FOLDER, load_assets, serve_assets
from obsv.dashboards.clock import ZONE, zone_named
from obsv.dashboards.page import LIBRARIES, Page
from obsv.dashboards.shell.banner import Backlog
from obsv.dashboards.theme import stylesheet
from obsv.errors import ObsvError
from obsv.store.figures import Pulse
from obsv.store.seam import Store
from obsv.web.root_path import ROOT_PATH, under
from obsv.web.senders import SenderCounts

log = logging.getLogger("obsv.dashboards")

INDEX = """<!doctype html>
<html lang="en" data-theme="dark" data-mantine-color-scheme="dark" data-root="ROOT">
<head>{%metas%}<title>{%title%}</title><link rel="icon" type="image/svg+xml" href="ROOT/assets/shell/icon.svg">
<style>STYLE</style><script src="ROOT/assets/shell/boot.js"></script>{%css%}</head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body>
</html>"""


class DashApp:
    """Dash's app in the form that pages use: `obsv.dashboards.page.App`.

    Args:
        server: receives the routes.
        reader: reader of the store, which may not exist yet.
        pulse: the state of recording.
        pages: the pages; each gets a route for its address, and its callbacks are registered.
        alerts: the watcher of the alerts; None if there is none.
        senders: returns what senders have sent to this server.
        file: the database file, beside which metrics.yaml is.
    """

    def __init__(
        self,
        server: FastAPI,
        reader: Store,
        pulse: Pulse,
        pages: Iterable[Page],
        alerts: Watch | None = None,
        senders: Callable[[], Sequence[SenderCounts]] = list,
        file: Path = Path(),
    ) -> None:
        self.file = file
        self.reader = reader
        self.alerts = alerts
        self.senders = senders
        self.pulse = pulse
        self.backlog = Backlog()
        self.pages = tuple(pages)
        self.dash = _dash(server)
        # Dash would respond to every unknown address with the app; here they are errors.
        vars(self.dash.backend)["_setup_catchall"] = lambda: None
        vars(self.dash)["interpolate_index"] = self._fill

    def now_ns(self) -> int:
        """Return the Unix time in ns."""
        return time.time_ns()

    def callback(self, *dependencies: Any, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a callback. A plain function runs on a worker thread, a coroutine function on the event loop.

        Args:
            *dependencies: `Output`, `Input` and `State`.
            **options: other arguments of `dash.callback`.
        """

        def declare(function: Callable[..., Any]) -> Callable[..., Any]:
            self.dash.callback(*dependencies, **options)(_off_the_loop(function))
            return function

        return declare

    def clientside(self, function: str, *dependencies: Any, **options: Any) -> None:
        """Declare a callback that runs in the browser: `dash_clientside.obsv.<function>`."""
        self.dash.clientside_callback(ClientsideFunction("obsv", function), *dependencies, **options)

    def find(self, pathname: str) -> tuple[Page, dict[str, str]] | None:
        """Return the page of an address and the values of its names; None if there is none."""
        found = ((page, page.match(pathname)) for page in self.pages)
        return next(((page, names) for page, names in found if names is not None), None)

    def finish(self) -> list[str]:
        """Complete the app after the last callback.

        Returns:
            The content security policy sources of its inline scripts.
        """
        for page in self.pages:
            self._serve(page.path.replace("<", "{").replace(">", "}"))
        # Dash does this on the first request of `/`, which a deep link would skip.
        self.dash._setup_server()
        return list(self.dash.csp_hashes())

    def _serve(self, path: str) -> None:
        async def index(request: Request) -> HTMLResponse:
            return HTMLResponse(self.index(request))

        if path != "/":
            self.dash.server.add_api_route(path, index, methods=["GET"], include_in_schema=False)

    def index(self, request: Request) -> str:
        """Return the page that loads the app, for any address."""
        from dash.backends._fastapi import reset_current_request, set_current_request

        token = set_current_request(request)
        try:
            return str(self.dash.index())
        finally:
            reset_current_request(token)

    def _fill(self, *, scripts: str, **parts: str) -> str:
        """Fill Dash's index page; libraries that the requested page does not use are loaded later."""
        from dash.backends._fastapi import get_current_request

        found = self.find(get_current_request().url.path)
        needed = found[0].libraries if found else ()
        return str(Dash.interpolate_index(self.dash, scripts=put_off(scripts, needed), **parts))


def put_off(scripts: str, needed: Sequence[str]) -> str:
    """Return the script elements without unneeded `LIBRARIES`; `shell/later.js` finds their addresses.

    Args:
        scripts: the elements that Dash wrote.
        needed: names of the libraries to keep.
    """
    for name in set(LIBRARIES).difference(needed):
        script = rf'<script src="([^"]*/_dash-component-suites/{name}/[^"]+)"></script>'
        scripts = re.sub(script, r'<link rel="prefetch" as="script" href="\1" data-later>', scripts)
    return scripts


def _dash(server: FastAPI) -> Dash:
    # Before Dash's own route, which would serve every file of the folder.
    serve_assets(server)
    app = Dash(
        __name__,
        server=server,  # type: ignore[arg-type]  # its annotation forgets instances
        backend="fastapi",
        assets_folder=str(FOLDER),
        include_assets_files=False,
        index_string=INDEX.replace("STYLE", stylesheet()).replace("ROOT", ROOT_PATH.get()),
        requests_pathname_prefix=under("/"),
        routes_pathname_prefix="/",
        title="obsv",
        update_title="",
        suppress_callback_exceptions=True,
        add_log_handler=False,
        serve_locally=True,
        on_error=_report,
        # The pulse keeps the connection busy; only a hidden tab may close it.
        websocket_inactivity_timeout=300_000,
    )
    app.enable_dev_tools(debug=False)
    load_assets(app)
    return app


def _report(error: Exception) -> None:
    """Report a failed callback on the page, without recorded data or the traceback."""
    if isinstance(error, ObsvError):
        set_props("notice", {"data": {"kind": "err", "text": str(error)}})
    else:
        log.error("a callback failed", exc_info=error)
        set_props(
            "notice", {"data": {"kind": "err", "text": "Something went wrong. See the server's log for details."}}
        )


def _off_the_loop(function: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):
        return function

    @functools.wraps(function)
    async def on_a_thread(*args: Any) -> Any:
        ZONE.set(zone_named(_zone_name()))
        return await asyncio.to_thread(function, *args)

    return on_a_thread


def _zone_name() -> str | None:
    try:
        name: str | None = dash.ctx.cookies.get("obsv_tz")
        return name
    except (AttributeError, LookupError, PreventUpdate):
        return None  # there is no request on a websocket
