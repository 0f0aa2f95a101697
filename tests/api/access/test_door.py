"""Dash's own routes under requests that no page makes."""

import json
from collections.abc import Callable

import pytest
from httpx import AsyncClient

pytestmark = pytest.mark.anyio
MakeClient = Callable[..., AsyncClient]
CALLBACK = "/_dash-update-component"


@pytest.mark.parametrize(
    "path",
    ["", "dash/", "nope/x.js", "dash/x.js", "dash/%ff", "dash/%2e%2e/__init__.py", "os/path.py", "dash//", "%00"],
)
async def test_files_that_no_component_has(client: MakeClient, path: str) -> None:
    """An address of no component's file is 404."""
    assert (await client().get(f"/_dash-component-suites/{path}")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 5_000,
        b'{"output":1}',
        b'{"output":"nobody.asks","inputs":[],"changedPropIds":[]}',
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
async def test_bodies_that_no_page_sends(client: MakeClient, body: bytes, content_type: str) -> None:
    """A body that is not a callback's request is 400."""
    answer = await client().post(CALLBACK, content=body, headers={"content-type": content_type})
    assert answer.status_code == 400
    assert answer.json()["title"] == "Bad request"


@pytest.mark.parametrize("inputs", [5, [None], [{"id": 1}], [[5]], {}])
async def test_a_callback_with_odd_inputs(client: MakeClient, inputs: object) -> None:
    """So is one whose parts are of another kind."""
    made = client()
    output = (await made.get("/_dash-dependencies")).json()[0]["output"]
    body = {"output": output, "outputs": {}, "inputs": inputs, "changedPropIds": []}
    answer = await made.post(CALLBACK, content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code == 400


async def test_what_is_too_large(client: MakeClient) -> None:
    """More than a page sends is not read."""
    body = json.dumps({"output": "x" * 5_000_000})
    assert (await client().post(CALLBACK, content=body)).status_code == 400
