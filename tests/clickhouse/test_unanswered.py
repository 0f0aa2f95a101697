"""Every question of the seam is answered from ClickHouse, or told to be without an answer: never silently as empty."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from clickhouse_engine import Both

from obsv.clickhouse.store import ClickHouseStore
from obsv.clickhouse.unanswered import DERIVED, EMPTY, REFUSED, SENTENCES
from obsv.errors import InvalidQuery
from obsv.store.seam import SQLiteStore, Store

QUESTIONS = {name for name in dir(Store) if not name.startswith("_")}
DOCS = Path(__file__).parents[2] / "docs" / "clickhouse.md"


def test_each_question_has_one_kind_of_answer() -> None:
    """A new question of `Store` fails here until somebody has decided how ClickHouse answers it."""
    answered = {
        name
        for name in QUESTIONS - REFUSED.keys()
        if getattr(ClickHouseStore, name) is not getattr(SQLiteStore, name, None)
    }
    lists = [answered, set(EMPTY), set(REFUSED), set(DERIVED)]
    assert set.union(*lists) == QUESTIONS
    assert sum(map(len, lists)) == len(QUESTIONS), "a question is in two lists"


def test_each_exception_is_told() -> None:
    """On the ribbon of every page, and in the documentation."""
    text = " ".join(DOCS.read_text().split())
    assert {*EMPTY.values(), *REFUSED.values()} <= set(SENTENCES)
    assert [each for each in SENTENCES if each not in text] == []


@pytest.mark.parametrize("question", sorted(REFUSED))
def test_what_has_no_meaning_is_refused(both: Both, question: str) -> None:
    """With the reason, instead of nothing."""
    arguments: list[Any] = [
        0 for each in inspect.signature(getattr(Store, question)).parameters.values()
        if each.name != "self" and each.default is each.empty
    ]  # fmt: skip
    with pytest.raises(InvalidQuery, match="no order of arrival"):
        getattr(both.clickhouse, question)(*arguments)
