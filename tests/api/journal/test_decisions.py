"""Decisions and gates by the API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from decision_rows import SECOND_NS, counterfactual, decision, gate, outcome
from httpx import AsyncClient
from store_rows import START_NS, call

from obsv.store import Signature, Writer

pytestmark = pytest.mark.anyio
WINDOW = {"from": str(START_NS), "to": str(START_NS + 3_600 * SECOND_NS)}


@pytest.fixture
def shop(tmp_path: Path, client: Callable[..., AsyncClient]) -> AsyncClient:
    writer = Writer(tmp_path / "obsv.db")
    source = Signature("shop", "market.spread", "shop", 1, (("return", "OUTPUT"),))
    made = decision(2, gate(observed=6.25), gate("volume", 1, shadow=True), inputs=[["price", 100.5, START_NS]])
    spread = call(1, source, trace_id=made.trace_id, start_ns=START_NS + SECOND_NS, duration_ns=1_000, data="[6.25]")
    rows = [
        decision(1, gate()),
        made,
        decision(3, gate(), mode="swing"),
        outcome(1, pnl=2.0),
        counterfactual(2, "good"),
    ]
    writer.write([spread], logs=rows)
    writer.close()
    return client()


async def test_pages_and_kinds(shop: AsyncClient) -> None:
    """Newest first, filtered, with what is known of how it turned out."""
    found = (await shop.get("/api/v1/decisions", params={**WINDOW, "limit": 2})).json()
    rest = (await shop.get("/api/v1/decisions", params={**WINDOW, "cursor": found["cursor"]})).json()
    lines = found["decisions"] + rest["decisions"]
    assert [int(line["decision_id"], 16) for line in lines] == [3, 2, 1]
    assert (lines[1]["verdict"], lines[1]["refused_by"], lines[1]["judgement"]) == ("block", "spread", "good")
    assert (lines[2]["metrics"], lines[2]["violations"], rest["cursor"]) == ({"pnl": 2.0}, [], None)
    swing = (await shop.get("/api/v1/decisions", params={**WINDOW, "mode": "swing"})).json()
    assert len(swing["decisions"]) == 1
    kinds = (await shop.get("/api/v1/decisions/kinds", params=WINDOW)).json()
    assert [(kind["mode"], kind["decisions"], kind["blocked"]) for kind in kinds] == [("scalp", 2, 1), ("swing", 1, 0)]


async def test_one_with_where_its_values_came_from(shop: AsyncClient) -> None:
    """The call that returned the observed value, before it was decided on."""
    found = (await shop.get(f"/api/v1/decisions/{2:032x}")).json()
    spread, volume = found["gates"]
    assert (spread["margin"], spread["state"], volume["state"]) == (-1.25, "evaluated", "shadow")
    assert (spread["origin"]["process"], spread["origin"]["output"]) == ("market.spread", "return")
    assert volume["origin"] is None
    assert found["inputs"] == [{"name": "price", "value": 100.5, "as_of_ns": START_NS, "origin": None}]
    assert [each["method"] for each in found["results"]] == ["shadow"]
    assert (await shop.get("/api/v1/decisions/none")).status_code == 404


async def test_gates(shop: AsyncClient) -> None:
    """Pass rates, margins, and another threshold."""
    spread, *_ = (await shop.get("/api/v1/gates", params={**WINDOW, "mode": "scalp"})).json()
    assert (spread["gate"], spread["pass_rate"], spread["blocked"], spread["judged"]) == ("spread", 0.5, 1, 1)
    detail = (await shop.get("/api/v1/gates/spread", params=WINDOW)).json()
    assert (detail["threshold"], detail["looked_at"], len(detail["margins"]) > 0) == (5.0, 3, True)
    tried = (await shop.get("/api/v1/gates/spread/whatif", params={**WINDOW, "threshold": 7})).json()
    assert (tried["before"], tried["after"], tried["let_in"]["good"]) == (2, 3, 1)
    assert (await shop.get("/api/v1/gates/none", params=WINDOW)).status_code == 404
    assert (await shop.get("/api/v1/gates/spread/whatif", params={**WINDOW, "threshold": "x"})).status_code == 400


async def test_a_store_without_decisions(client: Callable[..., AsyncClient], tmp_path: Path) -> None:
    """Empty answers, no errors."""
    Writer(tmp_path / "obsv.db").open()
    empty = client()
    assert (await empty.get("/api/v1/decisions")).json() == {"decisions": [], "cursor": None}
    assert (await empty.get("/api/v1/gates")).json() == []
