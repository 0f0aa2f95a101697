"""The login page: a form without scripts that exchanges the token for a cookie."""

import html
from collections.abc import Callable
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from obsv.api.access.session import COOKIE, LIFETIME_S, Sessions
from obsv.web.attempts import Attempts
from obsv.web.root_path import under

MAX_FORM_BYTES = 4096

PAGE = """<!doctype html>
<html lang="en" data-root="{root}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · obsv</title>
<script src="{root}/assets/shell/boot.js"></script><link rel="stylesheet" href="{root}/assets/shell/login.css">
<link rel="icon" type="image/svg+xml" href="{root}/assets/shell/icon.svg"></head>
<body><main><h1>obsv</h1><p>Enter your token, or the one this server was started with (<code>OBSV_TOKEN</code>).</p>
<form method="post" action="{root}/login"><input type="hidden" name="next" value="{next}">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" autofocus required{described}>
{error}<button type="submit">Sign in</button></form></main></body></html>"""


def page(next_path: str, error: str | None = None, status: int = 200) -> HTMLResponse:
    """Return the form.

    Args:
        next_path: path to open afterwards.
        error: error of the last attempt.
        status: HTTP status code.
    """
    note = f'<p id="error" role="alert">{html.escape(error)}</p>' if error else ""
    described = ' aria-invalid="true" aria-describedby="error"' if error else ""
    return HTMLResponse(
        PAGE.format(root=under(""), next=html.escape(next_path), error=note, described=described), status
    )


def local_path(target: str) -> str:
    """Return the path if it stays on this server, else `/`, to prevent open redirects."""
    single = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if single and target.isprintable() else "/"


def router(sessions: Sessions, attempts: Attempts, clock: Callable[[], float]) -> APIRouter:
    """Return the routes `/login` and `/logout`.

    Args:
        sessions: checks tokens and signs cookies.
        attempts: counts wrong tokens.
        clock: monotonic time in s.
    """
    routes = APIRouter(include_in_schema=False)

    @routes.get("/login")
    async def form(next: str = "/") -> Response:
        return page(local_path(next))

    @routes.post("/login")
    async def sign_in(request: Request) -> Response:
        fields = await _fields(request)
        target = local_path(fields.get("next", "/"))
        name = sessions.name_of(fields.get("token", ""))
        if name is None:
            if attempts.failed(request.client.host if request.client else "", clock()):
                return page(target, "Too many wrong tokens. Wait a minute, then try again.", 429)
            return page(target, "The token is wrong.", 401)
        answer = RedirectResponse(target, 303)
        answer.set_cookie(
            COOKIE,
            sessions.issue(name),
            max_age=LIFETIME_S,
            path=under("/"),
            httponly=True,
            # Lax, not Strict: a link to a trace in a chat should open.
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return answer

    @routes.post("/logout")
    async def sign_out(request: Request) -> Response:
        sessions.end(request.cookies.get(COOKIE))
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE, path=under("/"))
        return answer

    return routes


async def _fields(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
