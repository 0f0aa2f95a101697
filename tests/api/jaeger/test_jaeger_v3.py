"""Jaeger's API, version 3, as Jaeger's pages ask it."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from google.protobuf import json_format
from httpx import AsyncClient
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from query_world import SLASHED, make
from strict import SUMMARIES, has, load

pytestmark = pytest.mark.anyio
MakeClient = Callable[..., AsyncClient]
TIMES = "query.startTimeMin=2026-09-21T14:00:00Z&query.startTimeMax=2026-09-21T15:00:00.123456789%2B00:00"
ERROR = {"error": {"httpCode": int, "message": str}}


@pytest.fixture
def asked(tmp_path: Path, client: MakeClient) -> AsyncClient:
    make(tmp_path / "obsv.db")
    return client()


async def get(client: AsyncClient, path: str, status: int = 200) -> Any:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    return load(answer.content)


def decoded(found: Any) -> TracesData:
    """Standard OTLP JSON, read by protobuf's own reader once the ids are in its form."""
    for outer in found["result"]["resourceSpans"]:
        for inner in outer["scopeSpans"]:
            for span in inner["spans"]:
                for owner in (span, *span.get("links", ())):
                    for key in ("traceId", "spanId", "parentSpanId"):
                        if key in owner:
                            owner[key] = base64.b64encode(bytes.fromhex(owner[key])).decode()
    return json_format.ParseDict(found["result"], TracesData())


async def test_services_and_operations(asked: AsyncClient) -> None:
    """Names, and operations with their kinds, of one kind where it is asked for."""
    assert await get(asked, "/api/v3/services") == {"services": ["shop", SLASHED]}
    both = [{"name": "GET /cart", "spanKind": "server"}, {"name": "SELECT", "spanKind": "client"}]
    assert await get(asked, f"/api/v3/operations?service={quote(SLASHED)}") == {"operations": both}
    one = await get(asked, f"/api/v3/operations?service={quote(SLASHED)}&spanKind=server")
    assert one == {"operations": both[:1]}


async def test_one_trace_is_otlp_json(asked: AsyncClient) -> None:
    """All spans of the trace, in JSON that protobuf's own reader takes without an unknown field."""
    made = decoded(await get(asked, f"/api/v3/traces/{1:032x}?start_time=2026-09-21T14:00:00Z"))
    names = {span.name for outer in made.resource_spans for inner in outer.scope_spans for span in inner.spans}
    assert names == {"shop.cart.main", "shop.cart.price", "GET /cart", "SELECT"}


async def test_unknown_trace(asked: AsyncClient) -> None:
    """404 in version 3's form."""
    found = await get(asked, f"/api/v3/traces/{77:032x}", 404)
    has(found, ERROR)


async def test_search(asked: AsyncClient) -> None:
    """Traces as OTLP; parameters may be spelled in snake case."""
    made = decoded(await get(asked, f"/api/v3/traces?query.serviceName=shop&query.searchDepth=1&{TIMES}"))
    assert {span.trace_id[-1] for outer in made.resource_spans for i in outer.scope_spans for span in i.spans} == {2}
    snake = TIMES.replace("startTimeMin", "start_time_min").replace("startTimeMax", "start_time_max")
    again = decoded(await get(asked, f"/api/v3/traces?query.service_name=shop&query.num_traces=1&{snake}"))
    assert again == made


async def test_search_without_a_match_is_404(asked: AsyncClient) -> None:
    """As Jaeger answers it."""
    has(await get(asked, f"/api/v3/traces?query.serviceName=none&{TIMES}", 404), ERROR)


async def test_summaries(asked: AsyncClient) -> None:
    """Summaries have everything that Jaeger's list of results shows and validates."""
    query = f"query.serviceName={quote(SLASHED)}&query.durationMin=1ms&{TIMES}"
    found = await get(asked, f"/api/v3/trace-summaries?{query}")
    has(found, SUMMARIES)
    first = found["summaries"][-1]
    assert (first["rootServiceName"], first["rootOperationName"]) == ("shop", "shop.cart.main")
    assert (first["spanCount"], first["errorSpanCount"]) == (4, 0)
    assert first["services"] == [
        {"name": "shop", "spanCount": 2, "errorSpanCount": 0},
        {"name": SLASHED, "spanCount": 2, "errorSpanCount": 0},
    ]
    assert int(first["maxEndTimeUnixNano"]) - int(first["minStartTimeUnixNano"]) == 900_000_000


async def test_summaries_by_attributes(asked: AsyncClient) -> None:
    """Attributes are a JSON object of texts."""
    attributes = quote('{"error":"true"}')
    found = await get(asked, f"/api/v3/trace-summaries?query.attributes={attributes}&{TIMES}")
    assert [each["rootOperationName"] for each in found["summaries"]] == ["GET /cart", "shop.cart.main"]


@pytest.mark.parametrize(
    "query",
    [
        "query.serviceName=shop",
        TIMES.replace("2026-09-21", "2026-13-41"),
        f"{TIMES}&query.durationMin=1",
        f"{TIMES}&query.searchDepth=x",
        f"{TIMES}&query.attributes=x",
    ],
)
async def test_what_cannot_be_read_is_400(asked: AsyncClient, query: str) -> None:
    """Times are required; what is wrong is said in version 3's form."""
    has(await get(asked, f"/api/v3/trace-summaries?{query}", 400), ERROR)
