"""Errors as HTTP."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from obsv import errors
from obsv.api import problems

pytestmark = pytest.mark.anyio
MakeClient = Callable[..., AsyncClient]


# Not by `__subclasses__`: that would depend on what other tests have imported.
_TREE = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ObsvError)]


async def _raise(error: Exception) -> Response:
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    def fail() -> None:
        raise error

    transport = ASGITransport(app, raise_app_exceptions=False)
    return await AsyncClient(transport=transport, base_url="http://test").get("/")


@pytest.mark.parametrize("kind", _TREE)
async def test_every_error_of_the_tree_has_an_answer(kind: type[errors.ObsvError]) -> None:
    """RFC 9457, with the error's own words."""
    answer = await _raise(kind("what to do"))
    assert answer.status_code == problems.status_of(kind("what to do"))
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "what to do"


async def test_a_query_error_says_where() -> None:
    """The position of what could not be read travels along."""
    assert (await _raise(errors.InvalidQuery("bad", 7))).json()["position"] == 7


async def test_an_unforeseen_error_tells_nothing() -> None:
    """Tracebacks and values stay in the log."""
    answer = await _raise(RuntimeError("secret"))
    assert (answer.status_code, "secret" in answer.text) == (500, False)


async def test_an_unknown_address_is_json_for_programs(client: MakeClient) -> None:
    """A program gets a problem, not the app's page."""
    answer = await client().get("/api/v1/nope")
    assert (answer.status_code, answer.json()["title"]) == (404, "Not found")


async def test_an_unknown_page_is_404_with_the_app_in_it(client: MakeClient) -> None:
    """A person gets the app, which says that there is no such page."""
    answer = await client().get("/nope", headers={"accept": "text/html"})
    assert (answer.status_code, "_dash-config" in answer.text) == (404, True)


async def test_what_an_address_does_not_offer_is_said(client: MakeClient) -> None:
    """It is there, but not for this method."""
    answer = await client().post("/api/v1/calls")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
