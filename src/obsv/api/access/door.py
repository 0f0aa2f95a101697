"""Protection of Dash's own routes: a request that does not come from its page gets a 4xx response instead of an error.

Dash responds with 500 and a traceback to an unregistered callback, to a body that is not JSON, and to a file path that
no component has.
"""

import json
from collections.abc import Container
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from obsv.api.problems import problem

COMPONENTS, CALLBACKS = "/_dash-component-suites/", "/_dash-update-component"
# A request of a page contains the state of its controls, a few kilobytes.
MOST_BYTES = 4 * 2**20


class DashDoor:
    """The middleware.

    Args:
        app: the application behind it.
        callbacks: ids of the outputs that have a callback.
    """

    def __init__(self, app: ASGIApp, *, callbacks: Container[str]) -> None:
        self.app = app
        self.callbacks = callbacks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or respond to it."""
        if scope["type"] == "http" and scope["path"].startswith(COMPONENTS):
            await self._file(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == CALLBACKS and scope["method"] == "POST":
            await self._callback(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _file(self, scope: Scope, receive: Receive, send: Send) -> None:
        failed = False

        async def unless_failed(message: Message) -> None:
            nonlocal failed
            failed = failed or (message["type"] == "http.response.start" and message["status"] >= 500)
            if not failed:
                await send(message)

        try:
            await self.app(scope, receive, unless_failed)
        except Exception:
            failed = True  # Dash raises for an unknown file
        if failed:
            await problem(404, "Not found", "No component has this file.")(scope, receive, send)

    async def _callback(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await _body(Request(scope, receive))
        except ClientDisconnect:
            return
        if not self._is_callback(scope, body):
            answer = problem(400, "Bad request", "This request does not come from a page of the app: reload the page.")
            await answer(scope, receive, send)
            return
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, again, send)

    def _is_callback(self, scope: Scope, body: bytes) -> bool:
        if not Request(scope).headers.get("content-type", "").startswith("application/json"):
            return False
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            return False
        if not isinstance(found, dict) or not isinstance(found.get("output"), str):
            return False
        lists = [found.get(name, []) for name in ("inputs", "state", "changedPropIds")]
        return (
            found["output"] in self.callbacks
            and isinstance(found.get("outputs", []), (dict, list))
            and all(isinstance(each, list) for each in lists)
            and all(map(_is_property, [*lists[0], *lists[1]]))
            and all(isinstance(each, str) for each in lists[2])
        )


def _is_property(member: Any) -> bool:
    if isinstance(member, list):
        return all(map(_is_property, member))
    return isinstance(member, dict) and "id" in member and isinstance(member.get("property"), str)


async def _body(request: Request) -> bytes:
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > MOST_BYTES:
            return b""
    return bytes(found)
