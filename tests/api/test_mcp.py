"""The tools over the protocol: the official client, over HTTP and over a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from calls import TRACE, call, span_id, traceback
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from serving import serving

from obsv.store import Writer

pytestmark = pytest.mark.anyio
TOKEN = "correct horse battery"
TOOLS = {
    "overview",
    "find_errors",
    "explain_error",
    "find_calls",
    "get_trace",
    "describe_function",
    "query",
    "make_test",
}


@pytest.fixture
def db(tmp_path: Path) -> Path:
    writer = Writer(tmp_path / "obsv.db")
    writer.write([call(1, inputs={"order": "7"}, error=traceback("ValueError", "no stock"))])
    writer.close()
    return tmp_path / "obsv.db"


@asynccontextmanager
async def _on_a_pipe(db: Path) -> AsyncIterator[Client]:
    arguments = ["-m", "obsv", "mcp", "--db", str(db), "--app", "http://127.0.0.1:8050/"]
    command = StdioServerParameters(command=sys.executable, args=arguments, env=dict(os.environ))
    async with Client(stdio_client(command)) as client:
        yield client


@asynccontextmanager
async def _over_http(db: Path) -> AsyncIterator[Client]:
    with serving(db) as address:
        async with Client(f"{address}/mcp") as client:
            yield client


@pytest.mark.parametrize("connect", [_on_a_pipe, _over_http], ids=["pipe", "http"])
async def test_an_assistant_asks(connect: Callable[[Path], Any], db: Path) -> None:
    """Tools are listed as ones that only read; answers are Markdown; what cannot be answered is an error."""
    async with connect(db) as client:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == TOOLS
        assert all(tool.annotations is not None and tool.annotations.read_only_hint for tool in tools)
        assert all("asked" not in tool.input_schema["properties"] for tool in tools)
        answer = await client.call_tool("explain_error", {"span": f"{TRACE}/{span_id(1)}"})
        assert not answer.is_error
        assert "`ValueError: no stock`" in answer.content[0].text
        wrong = await client.call_tool("query", {"sql": "select durtion_ms from process_trace"})
        assert wrong.is_error
        assert "Nearest: `duration_ms`" in wrong.content[0].text
        unreadable = await client.call_tool("find_calls", {"limit": "many"})
        assert unreadable.is_error


async def test_the_token_is_asked_for(db: Path) -> None:
    """As on every other path; so are Host and Origin."""
    ask = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"accept": "application/json, text/event-stream"}
    with serving(db, token=TOKEN) as address:
        async with httpx.AsyncClient(base_url=address, timeout=120) as client:
            assert (await client.post("/mcp", json=ask, headers=accept)).status_code == 401
            named = accept | {"authorization": f"Bearer {TOKEN}"}
            assert (await client.post("/mcp", json=ask, headers=named)).status_code == 200
            elsewhere = named | {"host": "evil.example"}
            assert (await client.post("/mcp", json=ask, headers=elsewhere)).status_code == 421
            page = named | {"origin": "https://evil.example"}
            assert (await client.post("/mcp", json=ask, headers=page)).status_code == 403


async def test_requests_are_bounded(db: Path) -> None:
    """A body beyond a megabyte is refused."""
    with serving(db) as address:
        async with httpx.AsyncClient(base_url=address, timeout=120) as client:
            answer = await client.post("/mcp", content=b"[" * (1 << 21), headers={"content-type": "application/json"})
            assert answer.status_code in (400, 406, 413)


async def test_an_explanation_by_the_api(db: Path) -> None:
    """The same text, for a person to copy."""
    with serving(db) as address:
        async with httpx.AsyncClient(base_url=address, timeout=120) as client:
            answer = await client.get(f"/api/v1/explain/{TRACE}/{span_id(1)}")
            assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
            assert "`order` = `7`" in answer.text
