"""A store with a small journal, and its report."""

from pathlib import Path

import pytest
from ledger import END_NS, write_ledger

from obsv.measures import shipped
from obsv.reports import Report, make_report
from obsv.store.seam import open_store


@pytest.fixture(scope="session")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reports") / "store.db"
    write_ledger(path)
    return path


@pytest.fixture(scope="session")
def report(db: Path) -> Report:
    store = open_store(db)
    yield make_report(store, shipped(), "daily", END_NS)
    store.close()
