"""The Model Context Protocol: the tools of `obsv.agents`, at `/mcp` (streamable HTTP) and on a pipe (`obsv mcp`).

The official SDK implements the protocol. It is imported at the first request, because that takes half a second of CPU
time, which a server without assistants saves. Token, Host and Origin are checked by the guard, as for every path.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, get_type_hints

from starlette.types import ASGIApp, Receive, Scope, Send

from obsv.agents import INSTRUCTIONS, TOOLS, Asked, Tool
from obsv.api.problems import problem
from obsv.errors import ConfigurationError, ObsvError
from obsv.semconv import VERSION

if TYPE_CHECKING:
    from mcp.server import MCPServer

MAX_REQUEST_BYTES = 1 << 20
_MISSING = "Answers for assistants need the official MCP SDK: pip install 'obsv[mcp]'."


def need_sdk() -> None:
    """Check that the SDK is installed.

    Raises:
        ConfigurationError: it is not; the message says how to install it.
    """
    if importlib.util.find_spec("mcp") is None:
        raise ConfigurationError(_MISSING)


def make_server(ask: Callable[[], Asked]) -> MCPServer[Any]:
    """Return an MCP server with the eight tools.

    Args:
        ask: returns the context of a query, for each query.
    """
    from mcp.server import MCPServer
    from mcp.types import ToolAnnotations

    # The SDK configures the root logger, which only a main program should do.
    handlers, level = logging.root.handlers[:], logging.root.level
    server: MCPServer[Any] = MCPServer("obsv", title="obsv", instructions=INSTRUCTIONS, version=VERSION)
    logging.root.handlers[:], logging.root.level = handlers, level
    reads = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
    for tool in TOOLS:
        server.add_tool(
            _offered(tool, ask), tool.name, description=tool.about, annotations=reads, structured_output=False
        )
    return server


def _offered(tool: Tool, ask: Callable[[], Asked]) -> Callable[..., Any]:
    """Return the tool in the SDK's form: its own arguments only, errors as answers, on a separate thread."""
    from mcp.server.mcpserver.exceptions import ToolError

    def answer(arguments: dict[str, Any]) -> str:
        try:
            return tool.answer(ask(), **arguments)
        except ObsvError as error:
            raise ToolError(str(error)) from error

    async def offered(**arguments: Any) -> str:
        return await asyncio.to_thread(answer, arguments)

    hints = get_type_hints(tool.answer)
    offered.__name__ = tool.name
    parameters = [
        each.replace(annotation=hints[each.name], kind=each.KEYWORD_ONLY)
        for each in list(inspect.signature(tool.answer).parameters.values())[1:]
    ]
    offered.__signature__ = inspect.Signature(parameters, return_annotation=str)  # type: ignore[attr-defined]
    return offered


class Door:
    """`/mcp` as an ASGI app; starts the SDK's session manager at the first request.

    Args:
        ask: returns the context of a query.
    """

    def __init__(self, ask: Callable[[], Asked]) -> None:
        self._ask = ask
        self._lock = asyncio.Lock()
        self._stop = asyncio.Event()
        self._app: ASGIApp | None = None
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._lock:
            if self._app is None:
                try:
                    self._app = await self._start()
                except ConfigurationError as error:
                    await problem(404, "Not found", str(error))(scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def close(self) -> None:
        """Stop the session manager."""
        self._stop.set()
        if self._running is not None:
            await self._running

    async def _start(self) -> ASGIApp:
        need_sdk()
        server = await asyncio.to_thread(make_server, self._ask)
        from mcp.server.transport_security import TransportSecuritySettings

        # The guard has checked Host and Origin; without sessions any worker can respond, and none must be ended.
        app = server.streamable_http_app(
            stateless_http=True,
            json_response=True,
            max_request_body_size=MAX_REQUEST_BYTES,
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        ready = asyncio.Event()
        self._running = asyncio.create_task(self._run(server, ready))
        await ready.wait()
        return app

    async def _run(self, server: MCPServer[Any], ready: asyncio.Event) -> None:
        async with server.session_manager.run():
            ready.set()
            await self._stop.wait()


def run_on_pipe(ask: Callable[[], Asked]) -> None:
    """Answer on stdin and stdout until the client closes them.

    Raises:
        ConfigurationError: the SDK is not installed.
    """
    need_sdk()
    make_server(ask).run("stdio")
