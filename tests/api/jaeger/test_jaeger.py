"""Jaeger's API, version 1, by the requests that Grafana sends and decoders as strict as its own."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from httpx import AsyncClient
from query_world import SLASHED, START_NS
from strict import JAEGER_ERROR, JAEGER_NAMES, JAEGER_TRACES, has, load

pytestmark = pytest.mark.anyio
MakeClient = Callable[..., AsyncClient]
START_US = START_NS // 1_000
AROUND = f"start={START_US - 10**9}&end={START_US + 10**9}"


async def get(client: AsyncClient, path: str, shape: Any, status: int = 200) -> Any:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    found = load(answer.content)
    has(found, shape)
    return found["data"]


async def traces(client: AsyncClient, query: str) -> list[str]:
    found = await get(client, f"/api/traces?{query}&{AROUND}", JAEGER_TRACES)
    return [trace["traceID"].lstrip("0") for trace in found]


async def test_services(world: AsyncClient) -> None:
    """All services, whenever they were last heard of."""
    assert await get(world, "/api/services", JAEGER_NAMES) == ["shop", SLASHED]


async def test_operations_of_a_service_with_a_slash(world: AsyncClient) -> None:
    """Go's url.JoinPath leaves a slash in a service's name as it is."""
    for name in (SLASHED, quote(SLASHED, safe="")):
        found = await get(world, f"/api/services/{name}/operations", JAEGER_NAMES)
        assert found == ["GET /cart", "SELECT"]


async def test_operations_of_an_unknown_service(world: AsyncClient) -> None:
    """There are none."""
    assert await get(world, "/api/services/none/operations", JAEGER_NAMES) == []


async def test_operations_with_kinds(world: AsyncClient) -> None:
    """The newer call names the kind of span, and can ask for one."""
    shape = {**JAEGER_NAMES, "data": [{"name": str, "spanKind": str}]}
    found = await get(world, f"/api/operations?service={quote(SLASHED)}&spanKind=client", shape)
    assert found == [{"name": "SELECT", "spanKind": "client"}]


async def test_the_search_that_grafana_documents(world: AsyncClient) -> None:
    """Grafana's own test request, word for word, finds nothing and does not fail."""
    url = (
        "/api/traces?end=1738368000000000&limit=10&maxDuration=5s&minDuration=1s&operation=test-operation"
        "&service=test-service&start=1735689600000000&tags=%7B%22error%22%3A%22true%22%7D"
    )
    assert await get(world, url, JAEGER_TRACES) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (f"service={quote(SLASHED)}&lookback=custom", ["5", "4", "3", "1"]),
        ("service=shop&operation=shop.cart.price", ["2", "1"]),
        ("service=shop&limit=1", ["2"]),
        (f"service={quote(SLASHED)}&minDuration=1.2s", ["3"]),
        (f"service={quote(SLASHED)}&operation=SELECT&maxDuration=500us", ["4"]),
        ("service=shop&tags=" + quote('{"error":"true"}'), ["2"]),
        ("service=shop&tags=" + quote('{"error":"false"}'), ["1"]),
        ("service=shop&tags=" + quote('{"obsv.input.sku":"sku-9"}'), ["2"]),
        ("service=shop&tags=" + quote('{"sku":"sku-9"}'), ["2"]),
        (f"service={quote(SLASHED)}&tags=" + quote('{"http.response.status_code":"500"}'), ["3"]),
        (f"service={quote(SLASHED)}&tags=" + quote('{"cached":"true"}'), ["1"]),
        (f"service={quote(SLASHED)}&tags=" + quote('{"span.kind":"client","otel.scope.name":"lib"}'), ["4", "1"]),
        (f"service={quote(SLASHED)}&tags=" + quote('{"otel.status_code":"ERROR","host.name":"beta"}'), ["3"]),
        (f"service={quote(SLASHED)}&tag=db.system:mysql", ["4"]),
        (f"service={quote(SLASHED)}&tags=" + quote('{"span.kind":"odd"}'), []),
        ("traceID=1&traceID=0000000000000000000000000000000" + "4", ["1", "4"]),
    ],
)
async def test_searches(world: AsyncClient, query: str, found: list[str]) -> None:
    """Service, operation, tags by their text, and durations describe one span of the trace; the latest come first."""
    assert await traces(world, query) == found


@pytest.mark.parametrize(
    "query",
    [
        "minDuration=5",
        "tags=x",
        "tags=[1]",
        'tags={"a":1}',
        'tags={"a":"\\ud800"}',
        "limit=-1",
        "start=now",
        "tags=" + "[" * 10_000,
        "traceID=xyz",
    ],
)
async def test_what_cannot_be_read_is_400_in_jaegers_form(world: AsyncClient, query: str) -> None:
    """An error has the shape that Jaeger's clients show, and the same status."""
    answer = await world.get(f"/api/traces?service=shop&{query}")
    assert answer.status_code == 400
    has(load(answer.content), JAEGER_ERROR)
    assert answer.json()["errors"][0]["code"] == 400


async def test_one_trace(world: AsyncClient) -> None:
    """A trace over two services: references, tags by type, processes, whatever the unit of times in the request."""
    times = f"start={START_NS // 10**6}&end={START_NS // 10**6 + 1}"
    (trace,) = await get(world, f"/api/traces/{1:032x}?{times}", JAEGER_TRACES)
    spans = {span["operationName"]: span for span in trace["spans"]}
    assert trace["spans"][0]["operationName"] == "shop.cart.main"
    assert spans["GET /cart"]["references"] == [
        {"refType": "CHILD_OF", "traceID": f"{1:032x}", "spanID": spans["shop.cart.main"]["spanID"]}
    ]
    assert (spans["GET /cart"]["startTime"], spans["GET /cart"]["duration"]) == (START_US + 200_000, 600_000)
    tags = {tag["key"]: (tag["type"], tag["value"]) for tag in spans["SELECT"]["tags"]}
    assert tags["span.kind"] == ("string", "client")
    assert tags["share"] == ("float64", 0.25)
    assert tags["cached"] == ("bool", True)
    assert tags["otel.scope.name"] == ("string", "lib")
    tags = {tag["key"]: (tag["type"], tag["value"]) for tag in spans["GET /cart"]["tags"]}
    assert tags["http.response.status_code"] == ("int64", 200)
    assert json.loads(tags["tags"][1]) == ["a", "b"]
    process = trace["processes"][spans["SELECT"]["processID"]]
    assert process["serviceName"] == SLASHED
    assert {tag["key"] for tag in process["tags"]} == {"host.name", "canary", "ports", "order"}


async def test_a_failed_span(world: AsyncClient) -> None:
    """Status, message, events, links and trace state stand where Jaeger's readers look for them."""
    (trace,) = await get(world, "/api/traces/3", JAEGER_TRACES)
    (span,) = trace["spans"]
    tags = {tag["key"]: (tag["type"], tag["value"]) for tag in span["tags"]}
    assert tags["error"] == ("bool", True)
    assert tags["otel.status_code"] == ("string", "ERROR")
    assert tags["otel.status_description"] == ("string", "cart is closed")
    assert tags["w3c.tracestate"] == ("string", "vendor=1")
    assert span["references"] == [{"refType": "FOLLOWS_FROM", "traceID": f"{1:032x}", "spanID": f"{257:016x}"}]
    assert span["logs"][0]["fields"][0] == {"key": "event", "type": "string", "value": "cache.miss"}


async def test_an_unknown_trace_is_404(world: AsyncClient) -> None:
    """Older Grafanas take the first of an empty list: an empty 200 would crash them."""
    await get(world, f"/api/traces/{77:032x}", JAEGER_ERROR, status=404)


async def test_dependencies(world: AsyncClient) -> None:
    """Calls between services, in a range of milliseconds."""
    end = START_NS // 10**6 + 60_000
    shape = {"data": [{"parent": str, "child": str, "callCount": int}], "errors": lambda errors: errors is None}
    found = await get(world, f"/api/dependencies?endTs={end}&lookback=3600000", shape)
    assert found == [{"parent": "shop", "child": SLASHED, "callCount": 1}]
    assert await get(world, f"/api/dependencies?endTs={end - 10**8}&lookback=3600000", shape) == []


async def test_no_store_yet(client: MakeClient) -> None:
    """Before the first recording the answer is 503 in Jaeger's form, with what to do."""
    answer = await client().get("/api/services")
    assert answer.status_code == 503
    has(load(answer.content), JAEGER_ERROR)
