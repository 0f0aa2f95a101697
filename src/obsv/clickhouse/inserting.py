"""Received spans and log records, inserted into the tables of the collector's ClickHouse exporter.

A batch counts as stored when ClickHouse has inserted it. Inserts are asynchronous on its side: it gathers what arrives,
also from other hubs, and answers when the part is written (`wait_for_async_insert`). A batch without an answer is sent
again with the same deduplication token, which the tables remember. If that fails too, its senders come again and make
other batches of it; what was inserted then all the same stands there twice, and every question leaves repeats out.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from importlib.resources import files
from typing import Any

from obsv.clickhouse.address import Address
from obsv.clickhouse.client import Client
from obsv.clickhouse.texts import log_row, span_rows
from obsv.errors import ObsvError, QueryTimeout, StoreUnavailable
from obsv.store.ground import LogRow, PointRow, SpanRow, WriteResult

LOGS = "otel_logs"
# Pauses in seconds before further attempts at a batch, whose senders wait meanwhile.
PAUSES_S = (0.5, 2.0)
_INSERT_S = 30
# ClickHouse takes a hundred days, which are partitions, in one insert.
MOST_DAYS = 90
_CODE = re.compile(r"Code: (\d+)")
# CANNOT_PARSE_TEXT, _QUOTED_STRING, _INPUT_ASSERTION_FAILED, _DATE, _DATETIME, _NUMBER; UNKNOWN_ELEMENT_OF_ENUM,
# ARGUMENT_OUT_OF_BOUND, TYPE_MISMATCH, INCORRECT_DATA, VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE.
_UNREADABLE = {"6", "26", "27", "38", "41", "72", "691", "49", "36", "69", "53", "117", "321"}
_SETTINGS = (
    "async_insert = 1, wait_for_async_insert = 1, async_insert_deduplicate = 1, insert_deduplicate = 1, "
    # Versions between 23 and 25 refuse it together with asynchronous inserts.
    "deduplicate_blocks_in_dependent_materialized_views = 0, "
    # Tables of another version of the exporter may have fewer columns.
    "input_format_skip_unknown_fields = 1"
)


class UnreadableRows(ObsvError):
    """ClickHouse cannot read rows into the columns of its table; trying again would not help."""


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

    def write(self, rows: list[SpanRow], *, logs: list[LogRow], points: Sequence[PointRow] = ()) -> WriteResult:
        """Insert all rows but data points, of which the receiver takes none, and return when ClickHouse has them.

        Raises:
            StoreUnavailable: it does not respond, or refuses them.
            UnreadableRows: they do not fit the columns.
        """
        if not self._is_open:
            self.open()
        for table, made in ((self.address.table, span_rows(rows)), (LOGS, map(log_row, logs))):
            for lines in _batches(made):
                self._insert(table, lines)
        return WriteResult(len(rows), 0)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _insert(self, table: str, lines: str) -> None:
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
                found = _CODE.search(str(error))
                if found and found[1] in _UNREADABLE:
                    raise UnreadableRows(f"Rows do not fit the table {table}: {error}") from error
                if pause_s is None:
                    raise StoreUnavailable(f"Nothing was inserted for sure: {error}") from error
                self._sleep(pause_s)


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of rows, together unless they are of very many days."""
    days: dict[int, list[str]] = {}
    for row in rows:
        day = int(row["Timestamp"].partition(".")[0]) // 86_400
        days.setdefault(day, []).append(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
    parts = [days[day] for day in sorted(days)]
    for at in range(0, len(parts), MOST_DAYS):
        yield "\n".join(line for part in parts[at : at + MOST_DAYS] for line in part)
