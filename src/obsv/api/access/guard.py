"""Access control: who may use the server, and what a browser may do with its responses. The outermost ASGI middleware.

The rules, in the order in which they are checked:

1. Host header: a known name of this server, or an address if it listens beyond loopback. This rejects a page on another
   domain whose name resolves to 127.0.0.1 (DNS rebinding).
2. Origin: a browser's request on behalf of a page of another origin is refused, except plain navigation.
3. User: the name that a trusted proxy gives; else, with `OBSV_TOKEN` or a users file, a bearer token, or the
   cookie that the login page sets. What the user may change is decided where it is changed, by `obsv.acting`.
4. Responses carry a content security policy and related headers. No CORS header is ever set here.

Routes that serve other origins on purpose (`cross_origin`) apply the first three rules themselves.
"""

import time
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from obsv.acting import ACTOR, Actor
from obsv.api.access.session import COOKIE, Sessions
from obsv.api.access.users import Users
from obsv.api.problems import problem
from obsv.hosts import KnownHosts, is_same_origin
from obsv.web.attempts import Attempts
from obsv.web.port import peer_of

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' {scripts}",
        # The grid and the widgets write <style> elements; no recorded text ever becomes markup or style.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
OPEN_PATHS = (
    "/login",
    "/healthz",
    "/assets/shell/login.css",
    "/assets/shell/boot.js",
    "/assets/shell/fonts/",
    "/assets/shell/icon.svg",
)
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class Guard:
    """The middleware.

    Args:
        app: the application behind it.
        bind: the address the server listens on.
        sessions: verifies tokens; None if everyone on this machine is admitted.
        users: returns the users, of whom the proxy counts here.
        attempts: counts wrong tokens.
        names: additional host names of the server (`OBSV_ALLOWED_HOSTS`).
        cross_origin: path prefixes that check host, origin and token with their own rules and responses (OTLP,
            `obsv.otlp.access`).
        script_hashes: content security policy sources of the inline scripts of the app.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        bind: str,
        sessions: Sessions | None,
        attempts: Attempts,
        names: Iterable[str] = (),
        cross_origin: tuple[str, ...] = (),
        script_hashes: Iterable[str] = (),
        users: Callable[[], Users] = Users,
    ) -> None:
        self.app = app
        self.hosts = KnownHosts(bind, names)
        self.sessions = sessions
        self.users = users
        self.attempts = attempts
        self.cross_origin = cross_origin
        self.headers = HEADERS | {
            "content-security-policy": CONTENT_SECURITY_POLICY.format(scripts=" ".join(script_hashes))
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif refusal := self.refuse(scope):
            await self._turn_away(refusal, scope, receive, send)
        else:
            await self.app(scope, receive, self._with_headers(scope, send))

    def refuse(self, scope: Scope) -> Response | None:
        """Return the response to a refused request; None if it may pass."""
        if scope["path"].startswith(self.cross_origin):
            return None
        headers = Headers(scope=scope)
        if headers.get("host", "") not in self.hosts:
            return problem(
                421,
                "Misdirected request",
                f"This server is not {headers.get('host', '(no host)')!r}. If it should be reachable by that name, "
                "add the name to OBSV_ALLOWED_HOSTS.",
            )
        if self.is_foreign_page(scope, headers):
            return problem(403, "Forbidden", "A page of another origin may not use this server.")
        if scope["path"].startswith(OPEN_PATHS):
            return None
        authorization = headers.get("authorization")
        via = "app" if scope["type"] == "websocket" or scope["path"].startswith("/_dash") else "api"
        who = self._named_by_proxy(scope, headers, via) or self._proven(authorization, headers, via)
        if who is not None:
            ACTOR.set(who)
            return None
        client = scope.get("client")
        if authorization and self.attempts.failed(client[0] if client else "", time.monotonic()):
            return problem(429, "Too many wrong tokens", "Too many wrong tokens came from your address; wait a minute.")
        return self._ask(scope)

    def _named_by_proxy(self, scope: Scope, headers: Headers, via: str) -> Actor | None:
        proxy = self.users().proxy
        if proxy is None or not proxy.is_trusted(peer_of(scope)):
            return None
        names = headers.getlist(proxy.header)
        # Several: one of them may be the client's own.
        name = names[0].strip() if len(names) == 1 else ""
        role = proxy.role_of(name) if name and name.isprintable() else None
        return Actor(name, role, via, proxy.sees_values(name)) if role else None

    def _proven(self, authorization: str | None, headers: Headers, via: str) -> Actor | None:
        if self.sessions is None:
            return Actor("local", "admin", via)
        return self.sessions.who(authorization, _cookie(headers), via)

    def is_foreign_page(self, scope: Scope, headers: Headers) -> bool:
        """Return whether a browser sends this for a page of another origin."""
        safe = scope["type"] == "http" and scope["method"] in SAFE_METHODS
        origin = headers.get("origin")
        if origin and not safe and not is_same_origin(origin, headers.get("host", "")):
            return True
        navigates = safe and headers.get("sec-fetch-mode") == "navigate"
        return headers.get("sec-fetch-site") in ("cross-site", "same-site") and not navigates

    def _ask(self, scope: Scope) -> Response:
        wants_page = "text/html" in Headers(scope=scope).get("accept", "")
        if scope["type"] == "http" and scope["method"] == "GET" and wants_page:
            query = scope["query_string"].decode("latin-1")
            return RedirectResponse(
                "/login?next=" + quote(scope["path"] + ("?" + query if query else ""), safe="/"), 303
            )
        answer = problem(401, "Unauthorized", "Send your token, or that of OBSV_TOKEN: Authorization: Bearer <token>.")
        answer.headers["WWW-Authenticate"] = 'Bearer realm="obsv"'
        return answer

    async def _turn_away(self, refusal: Response, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            # Closing before accepting makes the server respond to the handshake with 403.
            await send({"type": "websocket.close", "code": 4001, "reason": "not permitted"})
        else:
            await refusal(scope, receive, self._with_headers(scope, send))

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._complete(MutableHeaders(scope=message), scope)
            await send(message)

        return with_headers

    def _complete(self, headers: MutableHeaders, scope: Scope) -> None:
        for name, value in self.headers.items():
            headers.setdefault(name, value)
        # Recorded data is not cached; scripts and styles contain none and set their own rule.
        if not scope["path"].startswith(("/_dash-component-suites/", "/assets/")):
            headers.setdefault("cache-control", "no-store")


def _cookie(headers: Headers) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None
