"""From log records of this machine's programs to rows of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from obsv.capture import Redactor, render
from obsv.exporters.plain import encode, source_of, stored, valid
from obsv.store.ground import LogRow, Source
from obsv.wire.clean import Cleaner
from obsv.wire.limits import clip

_MOST_SOURCES = 10_000
_NAME_CHARS, _TEXT_CHARS = 500, 64_000
_ATOMS = frozenset((int, bool, type(None)))


class LogRows:
    """Makes rows, and keeps the sources that they share.

    Args:
        cleaner: bounds and masks what a resource says of itself.
    """

    def __init__(self, cleaner: Cleaner) -> None:
        self._cleaner = cleaner
        self._sources: dict[tuple[int, int], tuple[Resource, InstrumentationScope | None, Source]] = {}

    def row(
        self,
        resource: Resource,
        scope: InstrumentationScope | None,
        time_ns: int,
        severity: int,
        values: tuple[Any, ...],
        process: str,
        thread: str,
    ) -> LogRow:
        """Make the row of a LOG record.

        Args:
            resource, scope: of its logger; equal ones are the same objects.
            time_ns: Unix time.
            severity: SeverityNumber.
            values: what the record holds, see docs/recorder.md.
            process: name of the recorded call in which it was made; empty outside any.
            thread: name of its thread.
        """
        trace_id, span_id, _, _, severity_text, event_name, body, attributes, words = values
        redact = redactor(words).redact_value
        return LogRow(
            self._source(resource, scope),
            time_ns,
            severity,
            _name(severity_text),
            _name(event_name),
            encode(plain(body, redact)),
            encode({_name(name): plain(value, redact) for name, value in attributes}),
            trace_id,
            span_id,
            process,
            thread,
        )

    def _source(self, resource: Resource, scope: InstrumentationScope | None) -> Source:
        key = id(resource), id(scope)
        known = self._sources.get(key)
        if known is None or known[0] is not resource or known[1] is not scope:
            if len(self._sources) >= _MOST_SOURCES:
                self._sources.clear()
            known = self._sources[key] = resource, scope, source_of(resource, scope, self._cleaner)
        return known[2]


@lru_cache(maxsize=64)
def redactor(words: tuple[tuple[str, ...], bool] | None) -> Redactor:
    """Return what masks secrets in texts, by a record's own words."""
    return Redactor() if words is None else Redactor(words[0], defaults=words[1])


def plain(frozen: Any, redact: Callable[[str], str]) -> Any:
    """Return what JSON shows of a frozen value: atoms, lists and maps as they are, all else as its text."""
    kind = type(frozen)
    if kind is str:
        return redact(clip(valid(frozen), _TEXT_CHARS))
    if kind in _ATOMS:
        return frozen
    if kind is float:
        return stored(frozen)
    if kind is list or (kind is tuple and not (frozen and frozen[0] is ...)):
        return [plain(item, redact) for item in frozen]
    if kind is dict:
        return dict(_pairs(frozen.items(), redact))
    return redact(render(frozen, _TEXT_CHARS))


def _pairs(items: Iterable[tuple[Any, Any]], redact: Callable[[str], str]) -> Iterable[tuple[str, Any]]:
    for key, value in items:
        name = _name(key) if isinstance(key, str) else render(key, _NAME_CHARS)
        yield name, "" if value is ... else plain(value, redact)


# The names of a program are few; 1, True and "1" are different ones.
@lru_cache(maxsize=4_096, typed=True)
def _name(text: Any) -> str:
    return clip(valid(str(text)), _NAME_CHARS)
