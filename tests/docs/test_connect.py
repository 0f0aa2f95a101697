"""Check the claims of docs/connect.md against the code."""

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
        f"a name or key longer than {DEFAULT_LIMITS.name_chars:,} characters",
        f"more than {DEFAULT_LIMITS.attributes:,} attributes",
        f"more than {DEFAULT_LIMITS.events} events or links",
        f"a value longer than {DEFAULT_LIMITS.value_chars:,} characters",
        f"values of more than {DEFAULT_LIMITS.span_chars:,} characters in total",
        f"more than {DEFAULT_LIMITS.items:,} elements, or nested more than {DEFAULT_LIMITS.depth} levels deep",
        f"up to {MAX_BODY >> 20} MiB per decompressed request",
        f"{MAX_BYTES >> 20} MiB are waiting",
        f"its body | {READ_TIMEOUT_S:g} s",
        f"`{GRPC}`",
        f"`{HTTP}/v1/traces`",
        f"{Lane.__init__.__kwdefaults__['max_queue_size']:,} calls and as many errors",
    ],
)
def test_numbers(claim: str) -> None:
    """Limits, ports and sizes match the code."""
    assert claim in " ".join(TEXT.split())


def test_a_day_ahead() -> None:
    """The future limit is one day, and events and links have the same limit."""
    assert DEFAULT_LIMITS.future_ns == DAY_NS
    assert DEFAULT_LIMITS.events == DEFAULT_LIMITS.links


def test_links() -> None:
    """Linked files exist."""
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", TEXT):
        assert (ROOT / "docs" / target).exists(), target
