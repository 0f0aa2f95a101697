"""Calls by the API."""

from collections.abc import Callable
from pathlib import Path

import pytest
from calls import EPOCH_NS, TRACE, call, span_id
from httpx import ASGITransport, AsyncClient

from obsv.server import Settings, create_app
from obsv.store import Writer

pytestmark = pytest.mark.anyio
Client = Callable[..., AsyncClient]
ALL = {"from": "2000-01-01", "to": "2100-01-01"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncClient:
    db = tmp_path_factory.mktemp("shop") / "obsv.db"
    writer = Writer(db)
    failing = call(2, 1, name="shop.price", start=2, ms=4, inputs={"symbol": "'AAPL'"}, error="ValueError: no price\n")
    writer.write([call(1, ms=10, name="shop.buy", inputs={"qty": "7.50"}), failing])
    writer.close()
    return AsyncClient(transport=ASGITransport(create_app(Settings(db))), base_url="http://127.0.0.1:8050")


async def test_a_page_of_calls(shop: AsyncClient) -> None:
    """Newest first, with their values."""
    found = (await shop.get("/api/v1/calls", params=ALL)).json()
    assert [each["process"] for each in found["calls"]] == ["shop.price", "shop.buy"]
    assert {"name": "symbol", "data_type": "INPUT", "text": "'AAPL'", "cut": False} in found["calls"][0]["values"]
    assert found["cursor"] is None


async def test_pages_follow_by_cursor(shop: AsyncClient) -> None:
    """Each page gives the key of the next."""
    first = (await shop.get("/api/v1/calls", params={**ALL, "limit": 1})).json()
    second = (await shop.get("/api/v1/calls", params={**ALL, "limit": 1, "cursor": first["cursor"]})).json()
    assert [page["calls"][0]["process"] for page in (first, second)] == ["shop.price", "shop.buy"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"status": "ERR"}, 1),
        ({"process": "shop.buy"}, 1),
        ({"variable": "symbol"}, 1),
        ({"q": "aapl"}, 1),
        ({"q": "no price"}, 1),
        ({"min_ms": "5"}, 1),
        ({"max_ms": "5"}, 1),
        ({"group": "none such"}, 0),
        ({"service": "shop"}, 2),
        ({"service": "shop", "host": "a"}, 0),
        ({"instance": "a"}, 0),
        ({"where": "symbol=AAPL"}, 1),
        ({"where": "symbol=\"'AAPL'\""}, 1),
        ({"where": "symbol:apl"}, 1),
        ({"where": "symbol!=AAPL"}, 0),
        ({"where": "-symbol=AAPL"}, 1),
        ({"where": "qty=7.5"}, 1),
        ({"where": "qty>=7 qty<8"}, 1),
        ({"where": "qty>7.5"}, 0),
        ({"where": "process:BUY"}, 1),
        ({"where": "status:ERR error:'no price'"}, 1),
        ({"where": "duration>5ms"}, 1),
        ({"where": "duration>5ms or no price"}, 2),
        ({"where": "has=symbol aapl"}, 1),
        ({"where": "service=shop"}, 2),
    ],
)
async def test_filters(shop: AsyncClient, query: dict[str, str], count: int) -> None:
    """Each by its entry of the query string."""
    assert len((await shop.get("/api/v1/calls", params={**ALL, **query})).json()["calls"]) == count


@pytest.mark.parametrize("order", ["-ts", "ts", "-duration", "duration"])
async def test_a_window_beyond_all_time(shop: AsyncClient, order: str) -> None:
    """Ends where the store's time does, whatever is asked for."""
    query = {"from": "0001-01-01", "to": "9999-12-31T23:59:59Z", "order": order}
    assert len((await shop.get("/api/v1/calls", params=query)).json()["calls"]) == 2
    assert len((await shop.get("/api/v1/calls", params={**query, "q": "aapl"})).json()["calls"]) == 1
    assert (await shop.get("/api/v1/overview", params=query)).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {"status": "BAD"},
        {"order": "name"},
        {"cursor": "x"},
        {"limit": "0"},
        {"min_ms": "-1"},
        {"min_ms": "nan"},
        {"range": "2w"},
        {"from": "yesterday"},
        {"from": "2026-01-02", "to": "2026-01-01"},
        {"q": "x" * 501},
    ],
)
async def test_what_cannot_be_read_is_400(shop: AsyncClient, query: dict[str, str]) -> None:
    """With a sentence about it, in the form of every error."""
    answer = await shop.get("/api/v1/calls", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


async def test_values_are_cut_on_request(shop: AsyncClient) -> None:
    """`chars` shortens values, and leaves what was raised of a traceback."""
    found = (await shop.get("/api/v1/calls", params={**ALL, "chars": 3, "status": "ERR"})).json()
    (each,) = found["calls"]
    assert {"name": "symbol", "data_type": "INPUT", "text": "'AA", "cut": True} in each["values"]
    assert each["exception"] == "Val"
    (each,) = (await shop.get("/api/v1/calls", params={**ALL, "chars": 30, "status": "ERR"})).json()["calls"]
    assert each["exception"] == "ValueError: no price"


@pytest.mark.parametrize("order", ["-ts", "ts", "-duration", "duration"])
async def test_a_page_can_begin_with_any_call(shop: AsyncClient, order: str) -> None:
    """Each call of a list has the cursor of the page that begins with it."""
    listed = (await shop.get("/api/v1/calls", params={**ALL, "order": order})).json()["calls"]
    for at, each in enumerate(listed):
        found = (await shop.get("/api/v1/calls", params={**ALL, "order": order, "cursor": each["cursor"]})).json()
        assert [one["id"] for one in found["calls"]] == [one["id"] for one in listed[at:]]


async def test_a_call_of_the_tail_begins_a_page_too(shop: AsyncClient) -> None:
    """The newest first, as pages have it."""
    newest = (await shop.get("/api/v1/calls/tail", params={**ALL, "after": 0})).json()["calls"][0]
    found = (await shop.get("/api/v1/calls", params={**ALL, "cursor": newest["cursor"]})).json()
    assert [each["process"] for each in found["calls"]] == ["shop.price", "shop.buy"]


async def test_the_tail_says_where_to_begin(shop: AsyncClient) -> None:
    """Without a row it has no call, only the last one's number."""
    found = (await shop.get("/api/v1/calls/tail", params=ALL)).json()
    assert (found["calls"], found["last_id"]) == ([], 2)


async def test_the_tail_goes_on_from_a_row(shop: AsyncClient) -> None:
    """The response has the calls after the row, and the position to continue from."""
    found = (await shop.get("/api/v1/calls/tail", params={**ALL, "after": 1})).json()
    assert (len(found["calls"]), found["last_id"]) == (1, 2)


async def test_a_call_in_full(shop: AsyncClient) -> None:
    """With its place in its trace."""
    found = (await shop.get(f"/api/v1/calls/{TRACE}/{span_id(2)}")).json()
    assert [(each["process"], each["level"], each["here"]) for each in found["relatives"]] == [
        ("shop.buy", 0, False),
        ("shop.price", 1, True),
    ]
    assert found["call"]["start_ns"] == EPOCH_NS + 2_000_000


async def test_no_such_call_is_404(shop: AsyncClient) -> None:
    """Retention may have removed it."""
    assert (await shop.get(f"/api/v1/calls/{TRACE}/{span_id(99)}")).status_code == 404


@pytest.mark.parametrize(
    ("path", "first"), [("groups", "shop.orders"), ("processes", "shop.buy"), ("variables", "symbol")]
)
async def test_choices(shop: AsyncClient, path: str, first: str) -> None:
    """Filter values are found by a part of the name."""
    assert first in (await shop.get(f"/api/v1/{path}", params={"part": first[:4].upper()})).json()
    assert (await shop.get(f"/api/v1/{path}", params={"part": "%"})).json() == []


async def test_the_overview_counts(shop: AsyncClient) -> None:
    """Calls and errors of a window, and the latest errors."""
    found = (await shop.get("/api/v1/overview", params={"from": "2026-01-01", "to": "2027-01-01"})).json()
    assert found["now"]["calls"] >= 0
    assert found["before"]["calls"] == 0


async def test_no_store_is_503(client: Client) -> None:
    """It may come: the answer says when to try again."""
    answer = await client().get("/api/v1/calls")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_a_file_that_is_no_store_is_500(client: Client, tmp_path: Path) -> None:
    """With a sentence about what to do."""
    (tmp_path / "obsv.db").write_bytes(b"no database at all" * 100)
    answer = await client().get("/api/v1/calls")
    assert (answer.status_code, "not an obsv database" in answer.json()["detail"]) == (500, True)


async def test_a_query_without_meaning_is_refused(shop: AsyncClient) -> None:
    """It says what to write."""
    answer = await shop.get("/api/v1/calls", params={**ALL, "where": "duration>soon"})
    assert answer.status_code == 400
    assert "250us" in answer.json()["detail"]


@pytest.mark.parametrize(("where", "calls", "errors"), [("", 2, 1), ("status:ERR", 1, 1), ("symbol=AAPL", 1, 1)])
async def test_calls_over_time(shop: AsyncClient, where: str, calls: int, errors: int) -> None:
    """By the same filters as the list."""
    start = EPOCH_NS // 10**9 - 60
    window = {"from": str(start * 10**9), "to": str((start + 300) * 10**9)}
    found = (await shop.get("/api/v1/calls/series", params={**window, "where": where})).json()
    assert (sum(found["calls"]), sum(found["errors"]), found["reason"]) == (calls, errors, None)
    assert 10**9 <= found["step_ns"] <= 5 * 10**9


async def test_a_query_is_completed(shop: AsyncClient) -> None:
    """With names and values of the store."""
    names = (await shop.get("/api/v1/calls/completions", params={**ALL, "where": "sym"})).json()
    assert {"start": 0, "insert": "symbol=", "label": "symbol", "about": "value"} in names
    values = (await shop.get("/api/v1/calls/completions", params={**ALL, "where": "symbol="})).json()
    assert [each["label"] for each in values] == ["'AAPL'"]
