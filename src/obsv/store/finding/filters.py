"""The explorer's filters and order, as in a query string."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple

from obsv import semconv
from obsv.errors import InvalidQuery
from obsv.store.finding.conditions import (
    GROUP,
    INTRINSIC,
    RESOURCE,
    VARIABLE,
    All,
    Compare,
    Condition,
    Contains,
    Field,
    Value,
    conjuncts,
)
from obsv.store.finding.query_text import parse_query
from obsv.store.ground import ERROR
from obsv.times import MAX_NS

OUTCOMES = ("OK", "ERR")
MAX_SEARCH_CHARS = 500
ORIGINS = {"service": semconv.SERVICE_NAME, "host": semconv.HOST_NAME, "instance": semconv.SERVICE_INSTANCE_ID}
"""Filters by where a call was recorded, and the attributes of its resource that they compare."""


class Filters(NamedTuple):
    """Filters of calls: names match exactly, durations are in ns; None everywhere means all."""

    group: str | None = None
    process: str | None = None
    variable: str | None = None  # of an input or output; only its values are shown then
    status: str | None = None  # OK or ERR
    min_ns: int | None = None
    max_ns: int | None = None
    search: str | None = None  # a value or the exception contains it; ASCII letters match in either case
    query: str | None = None  # in the language of `query_text`
    service: str | None = None
    host: str | None = None  # host.name of the resource
    instance: str | None = None  # service.instance.id of the resource

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Filters:
        """Parse the filters of a query string: `group`, `process`, `variable`, `status`, `min_ms`, `max_ms`, `q`,
        `where`, `service`, `host`, `instance`.

        Raises:
            InvalidQuery: an invalid status or query, a duration that is not a number, or a search that is too long.
        """
        status = (query.get("status") or "").upper() or None
        if status not in (None, *OUTCOMES):
            raise InvalidQuery(f"No status {status!r}: use OK or ERR.")
        search = query.get("q") or None
        if search and len(search) > MAX_SEARCH_CHARS:
            raise InvalidQuery(f"The search is longer than {MAX_SEARCH_CHARS} characters.")
        asked = (query.get("where") or "").strip() or None
        if asked:
            parse_query(asked)
        return cls(
            query.get("group") or None,
            query.get("process") or None,
            query.get("variable") or None,
            status,
            _duration_ns(query, "min_ms"),
            _duration_ns(query, "max_ms"),
            search,
            asked,
            query.get("service") or None,
            query.get("host") or None,
            query.get("instance") or None,
        )

    @property
    def text(self) -> str | None:
        """Return a text that a value or the exception of each call contains, if there is one."""
        parts = conjuncts(parse_query(self.query)) if self.query and not self.search else []
        return self.search or next((part.text for part in parts if isinstance(part, Contains)), None)

    @property
    def condition(self) -> Condition:
        """Return the condition on a call's span."""
        asked: tuple[tuple[str, str, Value | None], ...] = (
            (GROUP, "=", self.group or None),
            ("span:name", "=", self.process or None),
            (VARIABLE, "=", self.variable or None),
            ("span:status", "=" if self.status == "ERR" else "!=", ERROR if self.status else None),
            ("span:duration", ">=", self.min_ns),
            ("span:duration", "<=", self.max_ns),
        )
        parts = [Compare(Field(INTRINSIC, name), sign, value) for name, sign, value in asked if value is not None]
        parts += [
            Compare(Field(RESOURCE, key), "=", value)
            for key, value in zip(ORIGINS.values(), (self.service, self.host, self.instance), strict=True)
            if value is not None
        ]
        search = [Contains(self.search, self.variable or None)] if self.search else []
        # Its terms stand beside the others, so that the cheapest of all is taken first.
        return All((*parts, *(conjuncts(parse_query(self.query)) if self.query else ()), *search))


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
