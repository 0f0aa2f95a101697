"""Kept traces that have what is to be forgotten: they are removed whole."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from obsv.store.finding import Condition
from obsv.store.seam import SQLiteStore, open_store
from obsv.store.writing import ForgetBook, Search, unpack
from obsv.temporary import make_temporary


def kept_with(store: SQLiteStore, condition: Condition, search: Search, texts: Sequence[str]) -> list[str]:
    """Return the kept traces with a call, or something that is kept beside calls, which a search finds.

    Args:
        store: the store.
        condition: of calls.
        search: of what is kept beside them, with the range of time, and the calls that are found elsewhere.
        texts: what is looked for in rows that calls share.
    """
    found = []
    for trace_id in store.kept_ids():
        with _unpacked(store, trace_id) as kept:
            if kept is not None and _has(kept, condition, search, texts):
                found.append(trace_id)
    return found


def _has(kept: SQLiteStore, condition: Condition, search: Search, texts: Sequence[str]) -> bool:
    if any(kept.matching_calls(condition, search.range)) or _has_any(kept, search.identities):
        return True
    with closing(ForgetBook(kept.name)) as book:
        return any(book.find(search).values()) or book.replace_texts(texts, is_dry=True) > 0


def _has_any(kept: SQLiteStore, identities: Collection[bytes]) -> bool:
    if not identities:
        return False
    spans = kept.spans_since()
    return any(span.trace_id + span.span_id in identities for chunk in spans for span in chunk)


@contextmanager
def _unpacked(store: SQLiteStore, trace_id: str) -> Iterator[SQLiteStore | None]:
    content = store.kept_content(trace_id)
    if content is None:
        yield None
        return
    directory = make_temporary(Path(store.name))
    try:
        unpack(content, directory / "kept.db")
        with closing(open_store(directory / "kept.db")) as kept:
            yield kept
    finally:
        shutil.rmtree(directory, ignore_errors=True)
