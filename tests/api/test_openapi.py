"""The API against its own description."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import story
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from obsv.api import reference
from obsv.server import Settings, create_app

# Of each operation, in each run others.
EXAMPLES = 10


def test_every_answer_is_as_described(tmp_path: Path, subtests: pytest.Subtests) -> None:
    """Whatever is asked: a described status, content type and shape; never a 500."""
    story.write(tmp_path / "obsv.db", 3)
    app = create_app(Settings(tmp_path / "obsv.db", allowed_hosts=("testserver",)))
    described = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app).include(path_regex="^/api/v1/")
    for found in described.get_all_operations():
        operation = found.ok()
        with subtests.test(operation.label):
            _ask(operation)


def _ask(operation: Any) -> None:
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        # An instant or a cursor may be of the right form and still mean nothing: that is 400.
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    ask()


@pytest.mark.anyio
async def test_the_reference_page_needs_nothing_from_elsewhere(client: Callable[..., AsyncClient]) -> None:
    """No script, no address of another host; every endpoint is on it."""
    made = client()
    answer = await made.get("/api/v1/docs")
    paths = (await made.get("/api/v1/openapi.json")).json()["paths"]
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert "http" not in answer.text.replace("HTTP", "")
    assert all(path in answer.text for path in paths)


def test_descriptions_are_text() -> None:
    """Markup in a description stays text."""
    document = {"info": {"title": "<b>x</b>"}, "paths": {"/<i>": {"get": {"summary": "<img src=x>"}}}}
    assert "<img" not in reference.page(document)
    assert "<b>x" not in reference.page(document)
