"""What the explorer can be asked for: filters and an order, as a query string carries them."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple

from obsv.errors import InvalidQuery
from obsv.store.finding.conditions import GROUP, INTRINSIC, VARIABLE, All, Compare, Condition, Contains, Field, Value
from obsv.store.ground import ERROR
from obsv.times import MAX_NS

OUTCOMES = ("OK", "ERR")
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
        if status not in (None, *OUTCOMES):
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
    def condition(self) -> Condition:
        """The condition that a call's span satisfies."""
        parts: list[Condition] = [
            Compare(Field(INTRINSIC, name), operator, value)
            for name, operator, value in self._comparisons()
            if value is not None
        ]
        if self.search:
            parts.append(Contains(self.search, self.variable or None))
        return All(tuple(parts))

    def _comparisons(self) -> tuple[tuple[str, str, Value | None], ...]:
        return (
            (GROUP, "=", self.group or None),
            ("span:name", "=", self.process or None),
            (VARIABLE, "=", self.variable or None),
            ("span:status", "=" if self.status == "ERR" else "!=", ERROR if self.status else None),
            ("span:duration", ">=", self.min_ns),
            ("span:duration", "<=", self.max_ns),
        )


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
