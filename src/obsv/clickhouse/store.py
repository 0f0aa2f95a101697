"""The store in ClickHouse: read-only, over the table that the collector's exporter writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from obsv.clickhouse.address import Address
from obsv.clickhouse.answers import Answers
from obsv.clickhouse.client import Client
from obsv.clickhouse.finding import Finder
from obsv.clickhouse.latest import Latest
from obsv.clickhouse.mirror import Mirror
from obsv.clickhouse.unanswered import REFUSED, SENTENCES
from obsv.errors import InvalidQuery, StoreError
from obsv.store.figures import Beat, Health, KeptTrace
from obsv.store.seam import ROW_LIMIT
from obsv.store.writing import KeptBook, SavedViewBook, Triage


class ClickHouseStore(Answers):
    """Answers from ClickHouse.

    Args:
        address: where the spans are.
        clock: Unix time in ns.
    """

    unanswered = SENTENCES

    def __init__(self, address: Address, clock: Callable[[], int] = time.time_ns) -> None:
        self.address, self._clock, self._client = address, clock, Client(address)
        self._latest = Latest(self._client, clock)
        mirror = Mirror(self._client, clock)
        super().__init__(mirror, Finder(self._client, mirror, clock))

    @property
    def name(self) -> str:
        return str(self.address)

    @property
    def path(self) -> Path:
        """Return the file of the mirror."""
        return self._mirror.path

    @property
    def exists(self) -> bool:
        return True

    @contextmanager
    def view(self) -> Iterator[ClickHouseStore]:
        # ClickHouse has no snapshots: what arrives between two questions is in the second.
        with self._mirror.reading():
            yield self

    def close(self) -> None:
        super().close()
        self._mirror.close()
        self._client.close()

    def read_beat(self, now_ns: int) -> Beat:
        self._latest.look()
        return super().read_beat(now_ns)._replace(last_id=self._latest.us)

    def check(self, now_ns: int) -> Health:
        try:
            self._client.rows(f"select 1 from {self.address.table} where Timestamp > now() limit 1")
        except StoreError as error:
            return Health(Path(self.name), problems=(str(error),))
        return Health(Path(self.name))

    def triage(self) -> Triage:
        self._refuse("Decisions about errors are kept in a store of obsv")

    def keep_trace(self, trace_id: str, note: str, now_ns: int) -> KeptTrace:
        self._refuse("Traces are kept in a store of obsv")

    def kept_book(self) -> KeptBook:
        self._refuse("Traces are kept in a store of obsv")

    def saved_view_book(self) -> SavedViewBook:
        self._refuse("Views are saved in a store of obsv")

    def run_sql(self, statement: str, row_limit: int = ROW_LIMIT) -> NoReturn:
        self._refuse("The views of SQL are those of a store of obsv; ask ClickHouse itself about otel_traces")

    def _refuse(self, why: str) -> NoReturn:
        raise InvalidQuery(f"{why}: {self.name} is only read.")


def _refusing(question: str, why: str) -> Callable[..., NoReturn]:
    def refuse(store: ClickHouseStore, *_: object, **__: object) -> NoReturn:
        store._refuse(why.rstrip("."))

    refuse.__name__ = question
    return refuse


for _question, _why in REFUSED.items():
    setattr(ClickHouseStore, _question, _refusing(_question, _why))


def open_store(text: str) -> ClickHouseStore:
    """Return the store at an address.

    Raises:
        ConfigurationError: it is not an address of ClickHouse.
    """
    return ClickHouseStore(Address.parse(text))
