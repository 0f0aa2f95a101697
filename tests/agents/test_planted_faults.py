"""Planted faults are found with few calls of the tools: what an assistant needs is in the answers it gets first."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from obsv.agents import Asked
from obsv.agents.answer import CHARS_A_TOKEN, FEWEST_TOKENS
from obsv.agents.errors import find_errors
from obsv.agents.explain import explain_error
from obsv.store.seam import open_store

PROGRAM = Path(__file__).parent.parent / "support" / "planted_faults.py"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    db = tmp_path_factory.mktemp("faults") / "o.db"
    subprocess.run([sys.executable, str(PROGRAM), str(db)], check=True, timeout=240)
    return Asked(open_store(db), time.time_ns())


def explained(shop: Asked, exception: str, **how: int) -> str:
    """The first two calls: the list of errors, and the explanation of one of them."""
    line = next(line for line in find_errors(shop).splitlines() if exception in line)
    span = re.search(r"span `([^`]+)`", line)
    assert span is not None
    return explain_error(shop, span[1], **how)


@pytest.mark.parametrize(
    ("exception", "told"),
    [
        # A stale price: the market moved, the answer of the cache did not.
        ("off the market", [r"fetch_price`: .*its `return` was the same in the last 6 calls"]),
        # None three calls earlier: from the client, whose configuration has no timeout.
        (
            "NoneType",
            [
                r"`timeout` of `deadline` = `None`: `return.timeout` of `__main__.make_client`",
                r"`config` of `make_client` = `{'region': 'eu'}`: `return` of `__main__.load_config`",
            ],
        ),
        # Another unit: a thousand times the weight.
        ("overload", [r"read_weight`: .*gave `return` = `2580.0` here, `2.55` there"]),
        # A race: several at once, of which some gave the same balance.
        ("cash is", [r"`__main__.withdraw`: \d calls, up to [234] at the same time; they gave `"]),
        # A slow query: more rows, more time.
        ("too long", [r"find_orders`: .*got `rows` = `3000` here, `\d+` there"]),
    ],
)
def test_a_fault_is_found_in_the_second_answer(shop: Asked, exception: str, told: list[str]) -> None:
    text = explained(shop, exception)
    for each in told:
        assert re.search(each, text), text


@pytest.mark.parametrize("max_tokens", [-(10**9), 0, 1, 250, 10**12])
def test_an_explanation_keeps_to_its_budget(shop: Asked, max_tokens: int) -> None:
    text = explained(shop, "NoneType", max_tokens=max_tokens)
    assert len(text) <= max(max_tokens, FEWEST_TOKENS) * CHARS_A_TOKEN
    assert "NoneType" in text
