"""Saved views by the API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from calls import call
from httpx import AsyncClient

from obsv.store import Writer
from obsv.web.senders import hash_of

pytestmark = pytest.mark.anyio
Client = Callable[..., AsyncClient]
VIEW = {"name": "slow", "path": "/explorer?range=1h&where=duration+%3E+1ms"}


@pytest.fixture
def shop(tmp_path: Path, client: Client) -> AsyncClient:
    writer = Writer(tmp_path / "obsv.db")
    writer.write([call(1, name="shop.buy")])
    writer.close()
    return client()


async def test_a_view_is_saved_listed_renamed_and_removed(shop: AsyncClient) -> None:
    """Its range stays relative."""
    made = await shop.post("/api/v1/views", json=VIEW)
    assert (made.status_code, made.json()["path"]) == (201, VIEW["path"])
    number = made.json()["id"]
    renamed = await shop.post(f"/api/v1/views/{number}", json={"name": "slower"})
    assert renamed.json() == {**made.json(), "name": "slower"}
    listed = (await shop.get("/api/v1/views")).json()
    assert listed == {"views": [renamed.json()], "most": 200, "may_change": True}
    assert (await shop.delete(f"/api/v1/views/{number}")).status_code == 204
    assert (await shop.delete(f"/api/v1/views/{number}")).status_code == 404
    assert (await shop.get("/api/v1/views")).json()["views"] == []


@pytest.mark.parametrize(
    "path",
    ["//evil.example/explorer", "https://evil.example/", "/nowhere", "/api/v1/calls", "/login?next=//evil",
     "/explorer/", "/trace/../../x", "/explorer?" + "a" * 4_000, "/assets/shell/boot.js", "javascript:alert(1)"],
)  # fmt: skip
async def test_only_pages_of_the_app_are_saved(shop: AsyncClient, path: str) -> None:
    """No address leads out of it."""
    answer = await shop.post("/api/v1/views", json={"name": "x", "path": path})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert (await shop.get("/api/v1/views")).json()["views"] == []


@pytest.mark.parametrize(
    "content",
    [b'{"name": "\\ud800", "path": "/"}', b'{"name": "x", "path": "/\\udfff"}', b"{}", b'{"name": 1, "path": "/"}'],
)
async def test_what_cannot_be_saved_says_why(shop: AsyncClient, content: bytes) -> None:
    """As a problem."""
    answer = await shop.post("/api/v1/views", content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


async def test_a_viewer_reads_them(tmp_path: Path, shop: AsyncClient, client: Client) -> None:
    """And is told that the others' buttons are none of theirs."""
    await shop.post("/api/v1/views", json=VIEW)
    users = tmp_path / "users.toml"
    users.write_text(f'[[user]]\nname = "vi"\nrole = "viewer"\ntoken_sha256 = "{hash_of("vi")}"\n')
    listed = (await client(users=users).get("/api/v1/views", headers={"authorization": "Bearer vi"})).json()
    assert ([each["name"] for each in listed["views"]], listed["may_change"]) == (["slow"], False)


async def test_before_the_first_call_there_are_none(client: Client) -> None:
    """The menu opens on the first page, too; there is nowhere to save them yet."""
    made = client()
    assert (await made.get("/api/v1/views")).json()["views"] == []
    assert (await made.post("/api/v1/views", json=VIEW)).status_code == 503
