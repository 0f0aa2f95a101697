"""Spans of several services, or several states of one, with one id: as senders send them, and as viewers see them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx import ASGITransport, AsyncClient
from otlp_requests import START_NS, TRACE_ID, json_request, json_span

from obsv.otlp.receiver import Receiver
from obsv.server import Settings, create_app

SHARED, ROOT = "00000000000000aa", "00000000000000bb"
ASKS = json_span(spanId=SHARED, parentSpanId=ROOT, kind=3, name="get", endTimeUnixNano=str(START_NS + 9_000_000))
ANSWERS = json_span(spanId=SHARED, parentSpanId=ROOT, kind=2, name="get", endTimeUnixNano=str(START_NS + 7_000_000))
BELOW = json_span(spanId="00000000000000cc", parentSpanId=SHARED, kind=1, name="query")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def send(receiver: Receiver, span: dict[str, Any], service: str) -> None:
    """Sends one span of a service, which has to be taken in full."""
    url = f"http://127.0.0.1:{receiver.http_port}/v1/traces"
    headers = {"content-type": "application/json"}
    answer = httpx.post(url, content=json_request(span, service=service), headers=headers, timeout=120)
    assert (answer.status_code, answer.json()) == (200, {})


async def ask(db: Path, path: str) -> Any:
    """Asks a server beside the receiver."""
    app = create_app(Settings(db=db))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1:8050") as client:
        answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.anyio
@pytest.mark.parametrize("first", [ASKS, ANSWERS])
async def test_zipkins_two_sides_are_seen(receiver: Receiver, db: Path, first: dict[str, Any]) -> None:
    """Jaeger's and Tempo's views have the spans of both services, the answering side below the asking one."""
    sides = [(ASKS, "shop"), (ANSWERS, "stock")]
    for span, service in sides if first is ASKS else sides[::-1]:
        send(receiver, span, service)
    send(receiver, BELOW, "stock")
    trace = (await ask(db, f"/api/traces/{TRACE_ID.hex()}"))["data"][0]
    services = {key: process["serviceName"] for key, process in trace["processes"].items()}
    parents = {span["spanID"]: [ref["spanID"] for ref in span["references"]] for span in trace["spans"]}
    found = {(services[span["processID"]], span["operationName"]): span["spanID"] for span in trace["spans"]}
    assert parents == {
        found["shop", "get"]: [ROOT],
        SHARED: [found["shop", "get"]],
        found["stock", "query"]: [SHARED],
    }
    assert found["stock", "get"] == SHARED
    assert (await ask(db, "/api/services"))["data"] == ["shop", "stock"]
    batches = (await ask(db, f"/tempo/api/traces/{TRACE_ID.hex()}"))["batches"]
    assert sum(len(scope["spans"]) for batch in batches for scope in batch["scopeSpans"]) == 3
    for service in ("shop", "stock"):
        answer = await ask(db, f"/tempo/api/search?q=%7Bresource.service.name%3D%22{service}%22%7D")
        assert len(answer["traces"]) == 1


@pytest.mark.anyio
async def test_a_span_sent_before_its_end_is_one_span(receiver: Receiver, db: Path) -> None:
    """The row of the ended span replaces the earlier one."""
    send(receiver, ASKS | {"endTimeUnixNano": "0", "name": "starting"}, "shop")
    send(receiver, ASKS, "shop")
    send(receiver, ASKS | {"endTimeUnixNano": "0", "name": "starting"}, "shop")
    (span,) = (await ask(db, f"/api/traces/{TRACE_ID.hex()}"))["data"][0]["spans"]
    assert (span["spanID"], span["operationName"], span["duration"]) == (SHARED, "get", 9_000)
