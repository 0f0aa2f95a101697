"""The interface of a page, and what it may use of the shell.

To add a page:

1. Write `dashboards/<name>/page.py` with a module constant `PAGE = Page(...)`. Put its scripts and styles beside it;
   `assets.py` finds them.
2. `layout(view)` returns the page for an address: a component tree with everything needed for the first view. It runs
   on a worker thread, may raise any `ObsvError` (the shell shows it), and reads only through `view.reader`.
3. `register(app)` declares the callbacks, once at start-up, with `app.callback(...)` (a plain function, run on a worker
   thread; an `ObsvError` becomes a notice) or `app.clientside("name", ...)` (a function of a script, namespace `obsv`;
   the content security policy refuses inline scripts).
4. Add it to `pages.py`.

IDs of components start with the page's name: `flow-graph`. State that a page needs to restore goes into the address,
not into a store: read `view.query`; in the browser, change it with `obsv.setQuery({...})` of `shell/shell.js`.

The shell provides these fixed IDs: `location` (dcc.Location), `pulse` (dcc.Store; `{"last": <newest span row>}`, pushed
over the websocket when something new was recorded: the Input of everything live), `pulse-logs` (the same for log
records), `theme` (dcc.Store; `"dark"` or `"light"`), `notice` (dcc.Store; `{"text", "kind"}` shows a message).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from dash.development.base_component import Component

from obsv.alerts.watch import Watch
from obsv.store.ground import Window
from obsv.store.seam import Store
from obsv.web.senders import SenderCounts

# Large component libraries that only some pages use; a first page without them loads faster.
LIBRARIES = ("dash_ag_grid", "dash_cytoscape")


@dataclass(frozen=True, slots=True)
class View:
    """One view of a page: the content of its address, and the store to read from.

    Attributes:
        reader: read-only access to the store.
        path: the values of the address's `<names>`; `/trace/<trace_id>` gives `{"trace_id": …}`.
        query: the query string's entries, the first of each name.
        now_ns: Unix time in ns.
        alerts: the watcher of the alerts; None if there is none.
        senders: returns what senders have sent to this server.
        file: the database file, beside which metrics.yaml is.
    """

    reader: Store
    path: Mapping[str, str]
    query: Mapping[str, str]
    now_ns: int
    alerts: Watch | None = None
    senders: Callable[[], Sequence[SenderCounts]] = list
    file: Path = Path()

    def window(self, default: str = "1h") -> Window:
        """Return the time window of the query string.

        Raises:
            InvalidQuery: it cannot be parsed.
        """
        return Window.parse(self.query, self.now_ns, default)


class App(Protocol):
    """The argument of `register`: callbacks and the store, nothing else of Dash's app."""

    reader: Store
    alerts: Watch | None
    senders: Callable[[], Sequence[SenderCounts]]
    file: Path

    def now_ns(self) -> int:
        """Return the Unix time in ns."""

    def callback(self, *dependencies: Any, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a callback that runs on a worker thread. Accepts the arguments of `dash.callback`."""

    def clientside(self, function: str, *dependencies: Any, **options: Any) -> None:
        """Declare a callback that runs in the browser: `dash_clientside.obsv.<function>`."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page.

    Attributes:
        path: its address; `<name>` matches one segment.
        title: its name in the navigation and the window title.
        layout: returns it for an address.
        register: declares its callbacks.
        icon: file name in `shell/icons/`, without `.svg`; None keeps the page out of the navigation.
        key: the letter after `g` that opens it.
        needs_data: whether an empty store shows the first-run page instead.
        libraries: names of the `LIBRARIES` that it uses.
        subject: the entry of the query string that names its subject, for the window title.
    """

    path: str
    title: str
    layout: Callable[[View], Component]
    register: Callable[[App], None]
    icon: str | None = None
    key: str | None = None
    needs_data: bool = field(default=True)
    libraries: tuple[str, ...] = ()
    subject: str | None = None

    def match(self, pathname: str) -> dict[str, str] | None:
        """Return the values of the address's names if `pathname` is an address of this page, else None."""
        mine, theirs = self.path.strip("/").split("/"), pathname.strip("/").split("/")
        if len(mine) != len(theirs):
            return None
        pairs = list(zip(mine, theirs, strict=True))
        if any(not wanted.startswith("<") and wanted != given for wanted, given in pairs):
            return None
        return {wanted[1:-1]: given for wanted, given in pairs if wanted.startswith("<")}
