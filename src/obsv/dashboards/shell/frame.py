"""The frame around every page: navigation, status ribbon, theme, keyboard, messages."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html, set_props
from dash.development.base_component import Component
from fastapi import FastAPI

from obsv.acting import sees_values
from obsv.alerts.watch import Watch
from obsv.dashboards.app import DashApp
from obsv.dashboards.components import empty, failure, first_run, link
from obsv.dashboards.components.aria import aria
from obsv.dashboards.components.link import address
from obsv.dashboards.components.repro import ABOVE_DRAWERS, repro_dialog, watch_repro
from obsv.dashboards.page import Page, View
from obsv.dashboards.shell import banner, ribbon
from obsv.dashboards.theme import DARK, FONT, MONO
from obsv.errors import ObsvError
from obsv.store.figures import Pulse
from obsv.store.seam import Store
from obsv.web.senders import SenderCounts

PULSE_S = 1.0
KEYS = (
    ("/", "search"),
    ("j  k", "next and previous row"),
    ("Enter", "open the row"),
    ("Esc", "close"),
    ("l", "explorer: live, pause"),
    ("e", "trace: next error"),
    ("n  N", "trace: next and previous hit"),
    ("←  →", "trace: fold and unfold"),
    ("f", "trace: flame graph or waterfall"),
    ("z  Z  0", "flame graph: zoom in, out, to all"),
    ("+  -  0", "flow: zoom"),
    ("v", "saved views"),
    ("t", "dark or light"),
    ("?", "this list"),
)
MANTINE = {
    "fontFamily": FONT,
    "fontFamilyMonospace": MONO,
    "primaryColor": "accent",
    "autoContrast": True,
    "defaultRadius": "sm",
    # Mantine's dark surfaces use its colour `dark`: from text (0) over borders (4) and inputs (6) to the page (7).
    "colors": {
        "dark": [
            DARK["text"], "#c6cfd9", DARK["muted"], DARK["faint"], DARK["line-strong"],
            DARK["hover"], DARK["surface"], DARK["bg"], "#0b0f14", "#080b10",
        ],
        "accent": [
            "#eaf3ff", "#d2e5ff", "#a9ccff", "#7cb0fb", "#5a9df9",
            "#3e8ef7", "#2c7de8", "#1a69cf", "#0b5bc7", "#074a9f",
        ],
    },
}  # fmt: skip


def layout(pages: tuple[Page, ...]) -> Component:
    """Return the empty frame.

    Args:
        pages: the pages; those with an icon appear in the navigation.
    """
    stores = [
        dcc.Location(id="location", refresh="callback-nav"),
        dcc.Store(id="pulse"),
        dcc.Store(id="pulse-logs"),
        dcc.Store(id="theme", storage_type="local"),
        dcc.Store(id="notice"),
        dcc.Store(id="title"),
        dcc.Store(id="asked"),
    ]
    frame = html.Div(
        [
            html.A("Skip to content", href="#page", className="skip"),
            _navigation(pages),
            html.Section(
                ribbon.layout((), (), 0),
                id="ribbon",
                className="ribbon",
                tabIndex=0,
                **aria(label="Status of recording"),
            ),
            html.Div(id="banner", className="banner", role="status", hidden=True),
            html.Main(id="page", className="page", tabIndex=-1),
            html.Div(id="lost", className="lost", role="status", hidden=True),
            html.Div(id="notices", className="notices", role="alert"),
            _help(pages),
            repro_dialog(),
        ],
        className="shell",
    )
    root: Component = dmc.MantineProvider([*stores, frame], id="mantine", theme=MANTINE, forceColorScheme="dark")
    return root


def _ribbon() -> Component:
    # On a narrow screen it can be scrolled, also with keys.
    return html.Section(
        ribbon.layout((), (), 0), id="ribbon", className="ribbon", tabIndex=0, **aria(label="Status of recording")
    )


def _navigation(pages: tuple[Page, ...]) -> Component:
    entries = [
        dcc.Link(
            [html.I(className=f"icon icon-{page.icon}", **aria(hidden=True)), html.Span(page.title)],
            href=address(page.path),
            id=f"nav-{page.icon}",
            className="nav-entry",
            title=f"{page.title} (g {page.key})",
        )
        for page in pages
        if page.icon
    ]
    tools = [
        html.Button(
            html.I(className="icon icon-views"), id="views-open", title="Saved views (v)", **aria(label="Saved views")
        ),
        html.Button(
            html.I(className="icon icon-theme"), id="theme-toggle", title="Dark or light (t)", **aria(label="Theme")
        ),
        html.Button(
            html.I(className="icon icon-keys"), id="help-open", title="Keyboard (?)", **aria(label="Keyboard help")
        ),
    ]
    logo = link("obsv", "/", className="logo", id="nav-logo", title="obsv")
    return html.Nav([logo, *entries, html.Div(tools, className="nav-tools")], className="nav", **aria(label="Pages"))


def _help(pages: tuple[Page, ...]) -> Component:
    keys = [*KEYS, *((f"g  {page.key}", page.title) for page in pages if page.key)]
    rows = [html.Tr([html.Td(_caps(key)), html.Td(meaning)]) for key, meaning in keys]
    modal: Component = dmc.Modal(
        html.Table(html.Tbody(rows), className="keys"),
        id="help",
        title="Keyboard",
        opened=False,
        size="sm",
        zIndex=ABOVE_DRAWERS,
        closeButtonProps=aria(label="Close"),
    )
    return modal


def _caps(keys: str) -> list[Component]:
    return [html.Kbd(key) for key in keys.split()]


def mount(
    server: FastAPI,
    reader: Store,
    pulse: Pulse,
    pages: tuple[Page, ...],
    alerts: Watch | None = None,
    senders: Callable[[], Sequence[SenderCounts]] = list,
    file: Path = Path(),
) -> DashApp:
    """Put the app on a server; call `finish()` on the result after the last route.

    Args:
        server: receives the routes.
        reader: reader of the store, which may not exist yet.
        pulse: the state of recording.
        pages: the pages of the app.
        alerts: the watcher of the alerts; None if there is none.
        senders: returns what senders have sent to this server.
        file: the database file.
    """
    app = DashApp(server, reader, pulse, pages, alerts, senders, file)
    app.dash.layout = layout(pages)
    register(app)
    return app


def register(app: DashApp) -> None:
    """Declare the frame's callbacks and those of every page."""

    @app.callback(
        Output("page", "children"),
        Output("title", "data"),
        Input("asked", "data"),
        prevent_initial_call=True,
    )
    def route(asked: dict[str, str]) -> tuple[Any, dict[str, str]]:
        return show(app, asked["pathname"], asked["search"])

    app.clientside(
        "ask", Output("asked", "data"), Input("location", "pathname"),
        # A link to the same page with another query opens another view of it.
        Input("location", "search"),
    )  # fmt: skip

    @app.callback(persistent=True, websocket=True)
    async def pulse() -> None:
        await _beat(app)

    app.clientside("setTheme", Output("mantine", "forceColorScheme"), Input("theme", "data"))
    app.clientside(
        "toggleTheme", Output("theme", "data"), Input("theme-toggle", "n_clicks"), State("theme", "data"),
        prevent_initial_call=True,
    )  # fmt: skip
    app.clientside("setTitle", Output("title", "modified_timestamp"), Input("title", "data"))
    app.clientside("openHelp", Output("help", "opened"), Input("help-open", "n_clicks"), prevent_initial_call=True)
    app.clientside("showNotice", Output("notices", "title"), Input("notice", "data"), prevent_initial_call=True)
    app.clientside(
        "firstCall", Output("location", "refresh"), Input("pulse", "data"), State("page", "children"),
        prevent_initial_call=True,
    )  # fmt: skip
    watch_repro(app)
    for page in app.pages:
        page.register(app)


def show(app: DashApp, pathname: str, search: str) -> tuple[Any, dict[str, str]]:
    """Return the page of an address.

    Args:
        app: the app with the pages and the store.
        pathname: path of the address.
        search: its query string, including the `?`.

    Returns:
        The page and, for the window title and the navigation, `{"title": …, "path": …, "at": …}`: the address of the
        navigation's entry, and the displayed one.
    """
    found = app.find(pathname)
    if found is None:
        return empty("No such page", pathname, link("Overview", "/")), {
            "title": "Not found",
            "path": "",
            "at": pathname,
        }
    page, names = found
    about = {"title": page.title, "path": page.path, "at": pathname}
    try:
        if page.needs_data and app.pulse.is_empty():
            return first_run(app.reader.name), {**about, "title": "Welcome"}
        query = dict(reversed(parse_qsl(search.lstrip("?"))))
        subject = query.get(page.subject) if page.subject else None
        if subject:
            about["title"] = f"{subject} · {page.title}"
        view = View(app.reader, names, query, app.now_ns(), app.alerts, app.senders, app.file)
        return page.layout(view), about
    except ObsvError as error:
        return failure(error), about


async def _beat(app: DashApp) -> None:
    """Push changes once a second while the connection is open."""
    last: Any = None
    last_log: Any = None
    shown: list[Component] = []
    told: list[Any] = []
    while True:
        beat = await asyncio.to_thread(app.pulse.beat)
        if beat.last_id != last:
            last = beat.last_id
            set_props("pulse", {"data": {"last": last}})
        if beat.last_log_id != last_log:
            last_log = beat.last_log_id
            set_props("pulse-logs", {"data": {"last": last_log}})
        parts = await asyncio.to_thread(app.alerts.parts) if app.alerts else []
        badges = ribbon.layout(
            beat.recorders,
            beat.feeds,
            beat.now_ns,
            beat.lost,
            beat.firing,
            parts,
            app.reader.unanswered,
            app.senders(),
            not sees_values(),
        )
        for name, props in ribbon.updates(shown, badges).items():
            set_props(name, props)
        shown = badges
        rules = {rule.name: rule for rule in app.alerts.config.rules} if app.alerts else {}
        text = banner.content(app.backlog.see(beat.recorders, beat.now_ns), beat.firing, rules)
        if str(text) != str(told):
            set_props("banner", {"children": text, "hidden": not text})
            told = text
        await asyncio.sleep(PULSE_S)
