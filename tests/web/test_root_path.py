"""A server below a path: what comes in with or without it, and what goes out."""

from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient

from obsv.errors import ConfigurationError
from obsv.server import Settings, create_app
from obsv.web.root_path import root_path

TOKEN = "a-long-enough-token"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _client(tmp_path: Path, **settings: object) -> AsyncClient:
    app = create_app(Settings(**{"db": tmp_path / "obsv.db", "root_path": "/obsv", **settings}))
    return AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1:8050")


@pytest.mark.parametrize(
    ("given", "path"),
    [(None, ""), ("", ""), ("/", ""), ("obsv", "/obsv"), ("/obsv/", "/obsv"), ("/a/b.c~d", "/a/b.c~d")],
)
def test_slashes_at_the_ends_do_not_matter(given: str | None, path: str) -> None:
    """One form inside, whatever was given."""
    assert root_path(given) == path


@pytest.mark.parametrize("given", ["/a b", "/a//b", "/../x", "/a/.", '/"><script>', "/a?b", "http://x/y", "/a%2fb"])
def test_what_is_no_plain_path_is_refused(given: str) -> None:
    """It would stand in HTML, in a header and in a cookie."""
    with pytest.raises(ConfigurationError, match="root-path"):
        root_path(given)


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/healthz", "/api/v1/status", "/assets/shell/base.css", "/explorer", "/metrics"])
async def test_a_proxy_may_pass_the_path_on_or_take_it_off(tmp_path: Path, path: str) -> None:
    """Both reach the same."""
    async with _client(tmp_path) as client:
        passed, taken_off = await client.get(f"/obsv{path}"), await client.get(path)
    assert (passed.status_code, passed.headers["content-type"]) == (200, taken_off.headers["content-type"])
    assert taken_off.status_code == 200


@pytest.mark.anyio
async def test_a_name_that_only_begins_like_it_is_another_path(tmp_path: Path) -> None:
    """`/obsvx` is not below `/obsv`."""
    async with _client(tmp_path) as client:
        assert (await client.get("/obsvhealthz")).status_code == 404


@pytest.mark.anyio
async def test_a_page_asks_below_it_for_all_that_it_needs(tmp_path: Path) -> None:
    """Scripts, styles, icons and Dash's own requests."""
    async with _client(tmp_path) as client:
        page = (await client.get("/obsv/explorer", headers={"accept": "text/html"})).text
        reference = (await client.get("/obsv/api/v1/docs")).text
        document = (await client.get("/obsv/api/v1/openapi.json")).json()
    assert 'data-root="/obsv"' in page
    assert r'"requests_pathname_prefix":"\u002fobsv\u002f"' in page
    for text in (page, reference):
        assert '="/obsv/assets/' in text
        assert '="/assets/' not in text
        assert '="/_dash' not in text
    assert document["servers"] == [{"url": "/obsv"}]


@pytest.mark.anyio
async def test_signing_in_stays_below_it(tmp_path: Path) -> None:
    """The way to the form, the form, the cookie, and the way back."""
    async with _client(tmp_path, token=TOKEN) as client:
        asked = await client.get("/obsv/explorer?range=1h", headers={"accept": "text/html"})
        assert asked.headers["location"] == "/obsv/login?next=/explorer%3Frange%3D1h"
        form = (await client.get(asked.headers["location"])).text
        assert 'action="/obsv/login"' in form
        answer = await client.post("/obsv/login", data={"token": TOKEN, "next": "/explorer?range=1h"})
        assert answer.headers["location"] == "/obsv/explorer?range=1h"
        assert "Path=/obsv/" in answer.headers["set-cookie"]
        assert (await client.get("/obsv/api/v1/status")).status_code == 200
        out = await client.post("/obsv/logout")
        assert out.headers["location"] == "/obsv/login"
        assert (await client.get("/obsv/api/v1/status")).status_code == 401
