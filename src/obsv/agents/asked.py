"""The store, the instant and the app that a question is about."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, urlencode

from obsv.since import since
from obsv.store.ground import Window
from obsv.store.seam import Store


class Asked(NamedTuple):
    """A store at an instant.

    Attributes:
        store: what answers.
        now_ns: Unix time.
        app: address of the app, such as `http://127.0.0.1:8050/`; None where none is known to run.
    """

    store: Store
    now_ns: int
    app: str | None = None

    def window(self, text: str) -> Window:
        """From an age (`90s`, `1h`, `7d`) or an instant up to now.

        Raises:
            InvalidQuery: it is neither.
        """
        return Window(since(text, self.now_ns), self.now_ns + 1)

    def link(self, path: str, **query: str) -> str:
        """A line with the address of a page of the app; empty where no app is known."""
        if self.app is None:
            return ""
        asked = f"?{urlencode(query, quote_via=quote)}" if query else ""
        return f"In the app: {self.app.rstrip('/')}{quote(path)}{asked}"
