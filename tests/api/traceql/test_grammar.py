"""Grafana's own grammar as a second opinion on the parser: needs node, and `npm install` in tests/peers/traceql."""

import json
import os
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from builder_queries import damaged, queries

from obsv.api.traceql import parse
from obsv.errors import InvalidQuery

# What Tempo's lexer takes and the grammar does not: blanks in rate( ), .9 and 1. for numbers, names that begin with a
# digit, a minus, a slash or a backslash, Go's escapes.
TEMPO_ONLY = re.compile(r"\( \)|[,=<>] *\.[0-9]|[0-9]\.(?![0-9])|\.[-0-9/\\]|\\[^\\\"]")
PEER = Path(__file__).parents[2] / "peers" / "traceql"


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found and (PEER / "node_modules").exists():
        return found
    why = "no node" if not found else f"run `npm install --no-package-lock` in {PEER}"
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def verdicts(node: str, asked: list[str]) -> list[bool]:
    command = [node, "verdicts.mjs"]
    made = subprocess.run(command, cwd=PEER, input=json.dumps(asked).encode(), stdout=-1, check=True, timeout=240)
    answer: list[bool] = json.loads(made.stdout)
    return answer


def accepted(query: str) -> bool:
    try:
        parse(query)
    except InvalidQuery:
        return False
    return True


def test_what_the_builder_writes_is_read_by_both(node: str) -> None:
    """Every query that Grafana's builder can write parses in its grammar and in ours."""
    asked = list(queries(random.Random(1), 2_000))
    assert [query for query, fine in zip(asked, verdicts(node, asked), strict=True) if not fine] == []
    assert [query for query in asked if not accepted(query)] == []


def test_what_the_grammar_rejects_we_reject(node: str) -> None:
    """A damaged query that Grafana's grammar cannot parse is an error for us too."""
    rng = random.Random(2)
    asked = [damaged(rng, query) for query in queries(rng, 4_000)]
    asked = [query for query in asked if not TEMPO_ONLY.search(query)]
    verdict = verdicts(node, asked)
    assert verdict.count(False) > 500
    assert [query for query, fine in zip(asked, verdict, strict=True) if not fine and accepted(query)] == []
