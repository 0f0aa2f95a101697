"""A server without google-re2, which cannot be installed everywhere, answers all but regular expressions."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from httpx import AsyncClient
from query_world import make

from obsv.store.ground.regex import compile_pattern

pytestmark = pytest.mark.anyio


async def test_regular_expressions_are_refused_with_a_reason(
    client: Callable[..., AsyncClient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the package."""
    make(tmp_path / "obsv.db")
    monkeypatch.setitem(sys.modules, "re2", None)
    compile_pattern.cache_clear()
    made = client()
    plain = await made.get("/tempo/api/search", params={"q": '{name="GET /cart"}'})
    by_pattern = await made.get("/tempo/api/search", params={"q": '{name=~"only here.*"}'})
    assert (plain.status_code, by_pattern.status_code) == (200, 500)
    assert "google-re2" in by_pattern.text
