"""What the explorer can be asked for: filters and an order, as a query string carries them."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple

from obsv.errors import InvalidQuery
from obsv.store.ground import ERROR, bucket
from obsv.times import MAX_NS

ORDERS = ("-ts", "ts", "-duration", "duration")
STATUSES = ("OK", "ERR")
MAX_SEARCH_CHARS = 500


class Filters(NamedTuple):
    """Which calls; None everywhere means all.

    Attributes:
        group: process group, exactly.
        process: process name, exactly.
        variable: name of an input or output, exactly; only its rows are shown then.
        status: OK or ERR.
        min_ns: shortest duration, in ns.
        max_ns: longest duration, in ns.
        search: text that a value or the exception contains; ASCII letters match in either case.
    """

    group: str | None = None
    process: str | None = None
    variable: str | None = None
    status: str | None = None
    min_ns: int | None = None
    max_ns: int | None = None
    search: str | None = None

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Filters:
        """The filters of a query string: `group`, `process`, `variable`, `status`, `min_ms`, `max_ms`, `q`.

        Raises:
            InvalidQuery: a status that is none, a duration that is no number, a search that is too long.
        """
        status = (query.get("status") or "").upper() or None
        if status not in (None, *STATUSES):
            raise InvalidQuery(f"No status {status!r}: use OK or ERR.")
        search = query.get("q") or None
        if search and len(search) > MAX_SEARCH_CHARS:
            raise InvalidQuery(f"The search is longer than {MAX_SEARCH_CHARS} characters.")
        return cls(
            query.get("group") or None,
            query.get("process") or None,
            query.get("variable") or None,
            status,
            _duration_ns(query, "min_ms"),
            _duration_ns(query, "max_ms"),
            search,
        )

    @property
    def wants_errors(self) -> bool:
        """Whether only failed calls are wanted."""
        return self.status == "ERR"

    @property
    def limits_duration(self) -> bool:
        """Whether durations are limited."""
        return self.min_ns is not None or self.max_ns is not None

    @property
    def buckets(self) -> tuple[int, int]:
        """The histogram buckets that durations within the limits fall into: first and last."""
        low = bucket(self.min_ns) if self.min_ns is not None else 0
        return low, bucket(self.max_ns if self.max_ns is not None else MAX_NS)


class Clause(NamedTuple):
    """A part of a WHERE clause and what is bound in it."""

    sql: str
    params: dict[str, object]


def row_clause(filters: Filters, signatures: list[int] | None) -> Clause:
    """The conditions on a row of `span` (as `s`) that no index answers.

    Args:
        filters: status, durations.
        signatures: ids of the signatures with the wanted variable; None for all.
    """
    parts: list[str] = []
    params: dict[str, object] = {}
    if filters.status:
        parts.append(f"s.status {'=' if filters.wants_errors else '<>'} {ERROR}")
    for name, sign, value in (("min_ns", ">=", filters.min_ns), ("max_ns", "<=", filters.max_ns)):
        if value is not None:
            parts.append(f"s.duration_ns {sign} :{name}")
            params[name] = value
    if signatures is not None:
        parts.append("s.signature_id in (select value from json_each(:signatures))")
        params["signatures"] = str(signatures)
    return Clause("".join(" and " + part for part in parts), params)


def _duration_ns(query: Mapping[str, str], name: str) -> int | None:
    text = (query.get(name) or "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value) or value < 0:
        raise InvalidQuery(f"{name} is {text!r}: write a number of milliseconds, like 2.5.")
    return int(min(value * 1e6, MAX_NS))
