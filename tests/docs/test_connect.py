"""What docs/connect.md says is so."""

import re
from pathlib import Path

import pytest

from obsv.exporters.lane import Lane
from obsv.otlp.http import MAX_BODY, READ_TIMEOUT_S
from obsv.otlp.ingest import MAX_BYTES
from obsv.otlp.settings import GRPC, HTTP
from obsv.wire.limits import DAY_NS, DEFAULT_LIMITS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "connect.md").read_text()


@pytest.mark.parametrize(
    "claim",
    [
        f"a name or key over {DEFAULT_LIMITS.name_chars:,} characters",
        f"more than {DEFAULT_LIMITS.attributes:,} attributes",
        f"more than {DEFAULT_LIMITS.events} events or links",
        f"a value over {DEFAULT_LIMITS.value_chars:,} characters",
        f"values over {DEFAULT_LIMITS.span_chars:,} characters together",
        f"over {DEFAULT_LIMITS.items:,} elements, or more than {DEFAULT_LIMITS.depth} within each other",
        f"up to {MAX_BODY >> 20} MiB a request",
        f"{MAX_BYTES >> 20} MiB wait",
        f"its body | {READ_TIMEOUT_S:g} s",
        f"`{GRPC}`",
        f"`{HTTP}/v1/traces`",
        f"{Lane.__init__.__kwdefaults__['max_queue_size']:,} calls and as many errors",
    ],
)
def test_numbers(claim: str) -> None:
    """Limits, ports and sizes are those of the code."""
    assert claim in TEXT


def test_a_day_ahead() -> None:
    """The row about the future is about a day, and events and links have one limit."""
    assert DEFAULT_LIMITS.future_ns == DAY_NS
    assert DEFAULT_LIMITS.events == DEFAULT_LIMITS.links


def test_links() -> None:
    """Files that it names are there."""
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", TEXT):
        assert (ROOT / "docs" / target).exists(), target
