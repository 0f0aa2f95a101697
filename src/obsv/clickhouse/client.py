"""Queries to ClickHouse over HTTP, which need no package; connections are kept for the next ones."""

from __future__ import annotations

import base64
import http.client
import json
import re
import ssl
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from obsv.clickhouse.address import Address
from obsv.errors import QueryTimeout, StoreUnavailable
from obsv.store.ground import compile_pattern

Row = list[Any]

# Time for one query, as for a query of the store in SQLite; and what the answer may take on its way after that.
_LIMIT_S, _ON_THE_WAY_S = 20, 10
_MOST_IDLE = 8
_FORMAT = "\nFORMAT JSONCompactEachRow"
_CODE = re.compile(r"Code: (\d+)")
# ClickHouse's codes: TIMEOUT_EXCEEDED, TOO_SLOW; READONLY; UNKNOWN_TABLE, UNKNOWN_DATABASE.
_TOO_LONG, _FIXED_SETTINGS, _UNKNOWN = ("159", "160"), "164", ("60", "81")
_TOO_MUCH = ("241", "158", "396")  # MEMORY_LIMIT_EXCEEDED, TOO_MANY_ROWS, TOO_MANY_ROWS_OR_BYTES
_LOGIN = ("516", "193", "192", "497")  # AUTHENTICATION_FAILED, WRONG_PASSWORD, UNKNOWN_USER, ACCESS_DENIED


class UnknownTable(StoreUnavailable):
    """The table or database does not exist."""


class Client:
    """Queries to one ClickHouse. Any number of threads may ask at once.

    Args:
        address: where it is.
        limit_s: how long to wait for an answer.
    """

    def __init__(self, address: Address, limit_s: float = _LIMIT_S + _ON_THE_WAY_S) -> None:
        self.address, self._limit_s = address, limit_s
        self._lock = threading.Lock()  # guards the next
        self._idle: list[http.client.HTTPConnection] = []
        # Users whose profile says readonly = 1 may not set anything, not even a limit.
        self._settings: dict[str, str] = {
            "max_execution_time": str(_LIMIT_S),
            "readonly": "2",
            "output_format_json_quote_64bit_integers": "0",
            "output_format_json_quote_denormals": "1",
        }

    def rows(self, sql: str, params: Mapping[str, str] | None = None) -> list[Row]:
        """Return the rows of a query.

        Args:
            sql: the text.
            params: values by name, as `Bound` has them.

        Raises:
            StoreUnavailable: ClickHouse does not respond, or refuses the query.
            UnknownTable: there is no such table.
            QueryTimeout: the query takes too long or too much memory.
        """
        text = self._ask(sql + _FORMAT, params or {}, self._settings)
        try:
            return [json.loads(line) for line in text.split("\n") if line]
        except ValueError as error:
            raise StoreUnavailable(
                f"{self.address} gave an answer that is not JSON ({error}): check the address."
            ) from None

    def run(self, sql: str) -> None:
        """Run a statement that changes something. Raises the errors of `rows`."""
        self._ask(sql, {}, {})

    def close(self) -> None:
        """Close the connections; the next query opens one again."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _ask(self, sql: str, params: Mapping[str, str], settings: Mapping[str, str]) -> str:
        named = {f"param_{name}": value for name, value in params.items()}
        query = urlencode({"database": self.address.database, **settings, **named})
        status, body = self._sent(f"/?{query}", sql.encode())
        if status == 200:
            return body
        found = _CODE.search(body)
        code = found[1] if found else ""
        if code == _FIXED_SETTINGS and settings:
            self._settings = {}
            return self._ask(sql, params, {})
        raise self._error(status, code, body)

    def _sent(self, path: str, body: bytes) -> tuple[int, str]:
        connection, was_idle = self._take()
        try:
            try:
                return self._exchanged(connection, path, body)
            except (ConnectionError, http.client.HTTPException):
                if not was_idle:
                    raise
                # The server closed it while it was idle.
                connection.close()
                return self._exchanged(connection, path, body)
        except TimeoutError:
            connection.close()
            raise QueryTimeout(f"{self.address} did not answer in time; narrow the time range or filters") from None
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise StoreUnavailable(f"{self.address} does not respond ({error}): is ClickHouse running?") from error

    def _exchanged(self, connection: http.client.HTTPConnection, path: str, body: bytes) -> tuple[int, str]:
        connection.request("POST", path, body, self._headers())
        answer = connection.getresponse()
        found = answer.status, answer.read().decode("utf-8", "replace")
        with self._lock:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(connection)
                return found
        connection.close()
        return found

    def _take(self) -> tuple[http.client.HTTPConnection, bool]:
        """Return a connection, and whether it was idle."""
        with self._lock:
            if self._idle:
                return self._idle.pop(), True
        host, port, limit = self.address.host, self.address.port, self._limit_s
        if self.address.is_encrypted:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=limit, context=context), False
        return http.client.HTTPConnection(host, port, timeout=limit), False

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if self.address.user or self.address.password:
            pair = f"{self.address.user or 'default'}:{self.address.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        return headers

    def _error(self, status: int, code: str, body: str) -> Exception:
        about = body.strip().partition("\n")[0][:300]
        if code in _TOO_LONG:
            return QueryTimeout(f"ClickHouse took longer than {_LIMIT_S} s; narrow the time range or filters")
        if code in _TOO_MUCH:
            return QueryTimeout(
                f"ClickHouse has too little memory for this; narrow the time range or filters ({about})"
            )
        if code in _UNKNOWN:
            return UnknownTable(f"{self.address} has no such table ({about}): does the collector write there?")
        if code in _LOGIN or status in (401, 403):
            return StoreUnavailable(f"{self.address} refuses the user: check the name and password in the address.")
        return StoreUnavailable(f"{self.address} refused a query: {about or f'HTTP {status}'}")


def check_pattern(pattern: str) -> str:
    """Return a pattern for `match`, which searches a part of a text, that fits only whole texts.

    Raises:
        InvalidQuery: it is not an RE2 pattern.
    """
    compile_pattern(pattern)
    return f"(?s)^(?:{pattern})$"
