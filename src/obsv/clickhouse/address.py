"""The address of spans in ClickHouse: `clickhouse://user:password@host:8123/database?table=otel_traces`."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from obsv.errors import ConfigurationError

SCHEMES = ("clickhouse", "clickhouses")
TABLE = "otel_traces"
_PORTS = {"clickhouse": 8123, "clickhouses": 8443}
_NATIVE_PORTS = (9000, 9440)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class Address(NamedTuple):
    """The address of the spans.

    Attributes:
        host, port: of ClickHouse's HTTP interface.
        user, password: to log in with; empty for the server's default user.
        database: name of the database.
        table: name of the table that the collector's exporter writes.
        is_encrypted: whether to connect with TLS.
    """

    host: str
    port: int
    user: str = ""
    password: str = ""
    database: str = "default"
    table: str = TABLE
    is_encrypted: bool = False

    @classmethod
    def parse(cls, text: str) -> Address:
        """Parse an address; `clickhouses://` connects with TLS.

        Raises:
            ConfigurationError: it is not an address of ClickHouse.
        """
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise ConfigurationError(f"The address of the store cannot be read ({error}). {_FORM}") from None
        if parts.scheme not in SCHEMES or not parts.hostname:
            raise ConfigurationError(f"The store is not an address of ClickHouse. {_FORM}")
        if port in _NATIVE_PORTS:
            raise ConfigurationError(
                f"Port {port} is ClickHouse's native protocol, and obsv uses HTTP: give that port, usually 8123, "
                "with TLS 8443."
            )
        names = {
            "database": unquote(parts.path.strip("/")) or "default",
            "table": (parse_qs(parts.query).get("table") or [TABLE])[0],
        }
        for what, name in names.items():
            if not _NAME.fullmatch(name):
                raise ConfigurationError(f"{name!r} is not the name of a {what}: use letters, digits and _.")
        return cls(
            parts.hostname,
            port or _PORTS[parts.scheme],
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            **names,
            is_encrypted=parts.scheme == "clickhouses",
        )

    def __str__(self) -> str:
        """Return the address without what is secret in it."""
        scheme = SCHEMES[self.is_encrypted]
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}/{self.database}?table={self.table}"


_FORM = "Write clickhouse://user:password@host:8123/database, or clickhouses:// for TLS."
