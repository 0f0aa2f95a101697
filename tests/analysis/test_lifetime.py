"""The time for which calls can be read, by the limits of their store."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from obsv.analysis.lifetime import lifetime_since
from obsv.store import Writer
from obsv.store.ground import HOUR_NS
from obsv.store.seam import open_store
from obsv.store.writing import ArchiveBook

DAY_NS = 24 * HOUR_NS


@pytest.mark.parametrize(
    ("retention", "kept", "deleted"),
    [(6 * HOUR_NS, 30 * DAY_NS, 30 * DAY_NS), (90 * DAY_NS, 30 * DAY_NS, 90 * DAY_NS), (None, DAY_NS, None),
     (DAY_NS, None, None)],
)  # fmt: skip
def test_an_archive_deletes_nothing_of_the_database(
    tmp_path: Path, retention: int | None, kept: int | None, deleted: int | None
) -> None:
    """Whichever of the two keeps calls longer counts."""
    db = tmp_path / "obsv.db"
    writer = Writer(db)
    writer.limit(max_age_ns=retention, max_bytes=None)
    writer.close()
    with closing(ArchiveBook(db)) as book, closing(open_store(db)) as store:
        book.open("file:///archive", 1)
        book.keep(kept)
        assert lifetime_since(store, 5, 6).deleted_ns == (None if deleted is None else 5 + deleted)
