"""The store, the time and the app that a query refers to."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, urlencode

from obsv.since import since
from obsv.store.ground import Window
from obsv.store.seam import Store


class Asked(NamedTuple):
    """A store at a point in time.

    Attributes:
        store: the store to query.
        now_ns: Unix time.
        app: address of the app, such as `http://127.0.0.1:8050/`; None if it is not known to run.
    """

    store: Store
    now_ns: int
    app: str | None = None

    def window(self, text: str) -> Window:
        """Return the window from an age (`90s`, `1h`, `7d`) or a point in time until now.

        Raises:
            InvalidQuery: the text is neither.
        """
        return Window(since(text, self.now_ns), self.now_ns + 1)

    def link(self, path: str, **query: str) -> str:
        """Return a line with the address of a page of the app; empty if no app is known."""
        if self.app is None:
            return ""
        asked = f"?{urlencode(query, quote_via=quote)}" if query else ""
        return f"In the app: {self.app.rstrip('/')}{quote(path)}{asked}"
