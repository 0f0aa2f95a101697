"""Log records by the API."""

from collections.abc import Callable
from pathlib import Path

import pytest
from calls import EPOCH_NS
from httpx import AsyncClient

from obsv.store import Source, Writer
from obsv.store.ground import LogRow

pytestmark = pytest.mark.anyio
WINDOW = {"from": str(EPOCH_NS), "to": str(EPOCH_NS + 1_000_000_000)}
TRACE = "ab" * 16


@pytest.fixture
def shop(tmp_path: Path, client: Callable[..., AsyncClient]) -> AsyncClient:
    source = Source("shop", "{}", '{"name":"shop.desk"}')
    writer = Writer(tmp_path / "obsv.db")
    writer.write(
        [],
        logs=[
            LogRow(source, EPOCH_NS + 1_000, 9, "INFO", "order.placed", "null", '{"order":7}', bytes.fromhex(TRACE)),
            LogRow(source, EPOCH_NS + 2_000, 17, "ERROR", "", '"no stock"', '{"order":8}'),
            LogRow(source, EPOCH_NS + 3_000, 0, "", "", '{"a":[1]}', "damaged"),
        ],
    )
    writer.close()
    return client()


async def test_pages(shop: AsyncClient) -> None:
    """Newest first, bodies and attributes as what they are, a damaged row as empty."""
    first = (await shop.get("/api/v1/logs", params={**WINDOW, "limit": 2})).json()
    second = (await shop.get("/api/v1/logs", params={**WINDOW, "cursor": first["cursor"]})).json()
    damaged, failed, placed = first["logs"] + second["logs"]
    assert (damaged["body"], damaged["attributes"], damaged["severity"]) == ({"a": [1]}, {}, "")
    assert (failed["body"], failed["severity"], failed["severity_number"], failed["trace_id"]) == (
        "no stock", "ERROR", 17, "",
    )  # fmt: skip
    assert (placed["event_name"], placed["attributes"], placed["trace_id"]) == ("order.placed", {"order": 7}, TRACE)
    assert (placed["service"], placed["logger"], second["cursor"]) == ("shop", "shop.desk", None)


async def test_filters(shop: AsyncClient) -> None:
    """By severity, event, trace and text."""
    for more, found in (
        ({"severity": "error"}, [8]),
        ({"severity": "9"}, [8, 7]),
        ({"event": "order.placed"}, [7]),
        ({"trace_id": TRACE}, [7]),
        ({"q": "STOCK"}, [8]),
        ({"service": "web"}, []),
    ):
        answer = (await shop.get("/api/v1/logs", params={**WINDOW, **more})).json()
        assert [each["attributes"]["order"] for each in answer["logs"]] == found, more


async def test_tail(shop: AsyncClient) -> None:
    """From where the last answer ended."""
    begin = (await shop.get("/api/v1/logs/tail")).json()
    assert (begin["logs"], begin["last_id"], begin["more"]) == ([], 3, False)
    new = (await shop.get("/api/v1/logs/tail", params={"after": 0, "limit": 2})).json()
    assert ([each["id"] for each in new["logs"]], new["last_id"], new["more"]) == ([1, 2], 2, True)


@pytest.mark.parametrize("wrong", [{"severity": "loud"}, {"cursor": "forged"}, {"trace_id": "x"}, {"limit": "0"}])
async def test_wrong_questions(shop: AsyncClient, wrong: dict[str, str]) -> None:
    """Are the asker's fault."""
    assert (await shop.get("/api/v1/logs", params={**WINDOW, **wrong})).status_code in (400, 422)
