"""Received spans and log records, inserted into the tables of the collector's ClickHouse exporter.

A batch counts as stored when ClickHouse has inserted it. Inserts are asynchronous on its side: it gathers what arrives,
also from other hubs, and answers when the part is written (`wait_for_async_insert`). A batch without an answer is sent
again with the same deduplication token, which the tables remember. If that fails too, its senders come again and make
other batches of it; what was inserted then all the same stands there twice, and every question leaves repeats out.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from hashlib import blake2b
from importlib.resources import files
from typing import Any

from obsv.clickhouse.address import Address
from obsv.clickhouse.client import Client
from obsv.clickhouse.texts import log_row, span_rows
from obsv.errors import QueryTimeout, StoreUnavailable
from obsv.store.ground import LogRow, SpanRow, WriteResult

LOGS = "otel_logs"
# Pauses in seconds before further attempts at a batch, whose senders wait meanwhile.
PAUSES_S = (0.5, 2.0)
_INSERT_S = 30
_SETTINGS = (
    "async_insert = 1, wait_for_async_insert = 1, async_insert_deduplicate = 1, insert_deduplicate = 1, "
    # Versions between 23 and 25 refuse it together with asynchronous inserts.
    "deduplicate_blocks_in_dependent_materialized_views = 0, "
    # Tables of another version of the exporter may have fewer columns.
    "input_format_skip_unknown_fields = 1"
)


class Inserter:
    """The way of received rows into ClickHouse. For one thread at a time.

    Args:
        address: the table of spans; that of log records is `otel_logs` in the same database.
        sleep: waits seconds between attempts.
    """

    def __init__(self, address: Address, sleep: Callable[[float], None] = time.sleep) -> None:
        self.address, self._sleep = address, sleep
        self._client = Client(address, _INSERT_S)
        self._is_open = False

    def open(self) -> None:
        """Make the tables that are not there.

        Raises:
            StoreUnavailable: ClickHouse does not respond, or the user may not make them.
        """
        text = files("obsv.clickhouse").joinpath("exporter.sql").read_text(encoding="utf-8")
        for statement in text.split(";\n"):
            if statement.strip():
                self._client.run(statement.replace("{table}", self.address.table).replace("{logs}", LOGS))
        self._is_open = True

    def write(self, rows: list[SpanRow], *, logs: list[LogRow]) -> WriteResult:
        """Insert all rows, and return when ClickHouse has them.

        Raises:
            StoreUnavailable: it does not respond, or refuses them.
        """
        if not self._is_open:
            self.open()
        self._insert(self.address.table, span_rows(rows))
        self._insert(LOGS, map(log_row, logs))
        return WriteResult(len(rows), 0)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _insert(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        lines = "\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
        if not lines:
            return
        # Lone surrogates cannot be sent as UTF-8; what is received has none, but a mistake must not stop all batches.
        lines = lines.encode("utf-8", "replace").decode()
        token = blake2b(lines.encode(), digest_size=16).hexdigest()
        settings = f"{_SETTINGS}, insert_deduplication_token = '{token}'"
        statement = f"INSERT INTO {table} SETTINGS {settings} FORMAT JSONEachRow\n{lines}"
        for pause_s in (*PAUSES_S, None):
            try:
                self._client.run(statement)
                return
            except (StoreUnavailable, QueryTimeout) as error:
                if pause_s is None:
                    raise StoreUnavailable(f"Nothing was inserted for sure: {error}") from error
                self._sleep(pause_s)
