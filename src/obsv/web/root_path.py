"""The path under which a proxy publishes the server: `--root-path /obsv` makes the app's own address `/obsv/`.

Inside, every path is as it would be without a prefix: `RootPath` removes it from what comes in, unless the proxy has
done so already. What goes out, links and redirects, gets it from `under`, which reads the prefix of the server that was
asked: one process may hold several.
"""

import re
from contextvars import ContextVar

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from obsv.errors import ConfigurationError

# It stands in HTML, in scripts and in cookies.
SEGMENTS = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
ROOT_PATH: ContextVar[str] = ContextVar("obsv_root_path", default="")


def root_path(given: str | None) -> str:
    """Return a prefix as `/obsv` or `/tools/obsv`; the empty text for none or `/`.

    Args:
        given: with or without slashes at its ends.

    Raises:
        ConfigurationError: it is no path of plain segments.
    """
    path = "/" + (given or "").strip("/")
    if path == "/":
        return ""
    if not SEGMENTS.fullmatch(path) or any(segment in (".", "..") for segment in path.split("/")):
        raise ConfigurationError(
            f"--root-path {given!r} is not a path; give segments of letters, digits, and . _ ~ - as in /tools/obsv."
        )
    return path


def under(path: str) -> str:
    """Return an absolute path of the server as its users' browsers have to ask for it."""
    return ROOT_PATH.get() + path


class RootPath:
    """The outermost ASGI middleware of a server that has a prefix.

    Args:
        app: the application behind it.
        prefix: the prefix, from `root_path`.
    """

    def __init__(self, app: ASGIApp, *, prefix: str) -> None:
        self.app = app
        self.prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request without the prefix; a redirect to a path of this server gets it."""
        ROOT_PATH.set(self.prefix)
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return

        async def with_prefix(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                target = headers.get("location", "")
                if target.startswith("/") and not target.startswith("//"):
                    headers["location"] = self.prefix + target
            await send(message)

        await self.app(self._inside(scope), receive, with_prefix)

    def _inside(self, scope: Scope) -> Scope:
        path = scope["path"]
        if path != self.prefix and not path.startswith(self.prefix + "/"):
            return scope
        changed = {"path": path[len(self.prefix) :] or "/"}
        # The prefix has no character that would be encoded.
        raw = scope.get("raw_path")
        if raw is not None:
            changed["raw_path"] = raw[len(self.prefix) :] or b"/"
        return {**scope, **changed}
