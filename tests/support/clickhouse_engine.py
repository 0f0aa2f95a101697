"""A chDB that answers over HTTP, and the collector's tables in it."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import collector_rows

from obsv.clickhouse import ClickHouseStore, open_store
from obsv.store.seam import SQLiteStore

SUPPORT = Path(__file__).parent
MINUTES = 3


class Engine(NamedTuple):
    """A chDB that answers over HTTP."""

    port: int

    def run(self, sql: str, database: str = "default") -> bytes:
        """Run a statement."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("POST", f"/?database={quote(database)}", sql.encode())
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, body.decode()
            return body
        finally:
            connection.close()

    def store(self, database: str) -> ClickHouseStore:
        """Open the store in a database."""
        return open_store(f"clickhouse://127.0.0.1:{self.port}/{database}")

    def make(self, database: str, requests: list[dict[str, object]], repeats: int = 1) -> None:
        """Make the collector's tables in a new database and fill them."""
        self.run(f"create database {database}")
        for statement in (SUPPORT / "otel_traces.sql").read_text().split(";\n"):
            if statement.strip():
                self.run(statement, database)
        lines = "\n".join(json.dumps(row) for request in requests for row in collector_rows.rows(request))
        for _ in range(repeats):
            self.run(f"insert into otel_traces format JSONEachRow\n{lines}", database)


class Both(NamedTuple):
    """The same spans in two stores."""

    sqlite: SQLiteStore
    clickhouse: ClickHouseStore
    now_ns: int
