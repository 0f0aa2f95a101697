"""The one way by which an event or a log record of this program gets into its ring."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from obsv.capture import MASKED, Limits, Redactor, Snapshot, is_from_signal, make_snapshot
from obsv.events.pressure import pressure
from obsv.instrument.options import process_settings, when_changed
from obsv.own_time import ticks
from obsv.trace.clock import clock
from obsv.trace.context import QUIET, SPAN_KEY, get_context
from obsv.trace.log_record import LogRecord
from obsv.trace.notices import Notices
from obsv.trace.recording import compiled_span, here, recording
from obsv.trace.span import Span

_notices = Notices()
_new: Any = tuple.__new__
_MOST_NAMES, _MOST_SCOPES = 10_000, 1_000
_NAME_CHARS = 500

Words = tuple[tuple[str, ...], bool]


class Shown:
    """The formatting of values under the process's settings: created by the first record, and again after changes."""

    __slots__ = ("is_secret", "max_repr", "redactor", "snapshot", "words")

    def __init__(self) -> None:
        settings = process_settings()
        self.max_repr = settings.max_repr
        self.redactor = Redactor(settings.sensitive_fields)
        self.snapshot: Snapshot = make_snapshot(Limits(max_repr=settings.max_repr), self.redactor)
        self.words: Words | None = (self.redactor.own, self.redactor.defaults) if self.redactor.own else None
        self.is_secret: dict[str, bool] = {}

    def secret(self, name: str) -> bool:
        if len(self.is_secret) > _MOST_NAMES:
            self.is_secret.clear()
        found = self.is_secret[name] = self.redactor.is_sensitive(name)
        return found


_shown: Shown | None = None
_scopes: dict[str, InstrumentationScope] = {}


def _forget() -> None:
    global _shown
    _shown = None


when_changed(_forget)


def current_shown() -> Shown:
    """Return how values are shown under the settings of the process."""
    global _shown
    if _shown is None:
        _shown = Shown()
    return _shown


def emit(
    logger: str,
    severity: int,
    severity_text: str,
    event_name: str,
    body: Any,
    fields: Iterable[tuple[str, Any]],
    time_ns: int = 0,
    texts: Iterable[tuple[str, str]] = (),
) -> None:
    """Record a log record. Raises nothing but what a signal handler of the program raises meanwhile.

    Args:
        logger: name of what makes it.
        severity: SeverityNumber.
        severity_text: the program's own word for it.
        event_name: identifies the kind of event; empty for a plain log record.
        body: any value.
        fields: names and any values.
        time_ns: Unix time; 0 is now.
        texts: further fields, whose texts are kept whole up to 100,000 characters: a traceback.
    """
    try:
        if recording.start is not None:
            recording.start()
        take = recording.on_log
        span: Any = get_context().get(SPAN_KEY)
        if take is None or recording.off or span is QUIET or not pressure.admits(severity):
            return
        shown = _shown or current_shown()
        known, snapshot, max_repr = shown.is_secret, shown.snapshot, shown.max_repr
        attributes: list[tuple[str, Any]] = []
        add = attributes.append
        for name, value in fields:
            is_secret = known.get(name)
            if is_secret is None:
                is_secret = shown.secret(name)
            if is_secret:
                value = MASKED
            else:
                kind = type(value)
                # What a snapshot leaves as it is, without a call.
                if (
                    kind is not float
                    and not (kind is str and len(value) <= max_repr)
                    and not (kind is int and -1_000_000_000 < value < 1_000_000_000)
                    and kind is not bool
                    and value is not None
                ):
                    value = snapshot(value)
            add((name, value))
        for name, text in texts:
            add((name, text[:_BODY_CHARS]))
        trace_id = span_id = 0
        function = None
        kind = type(span)
        if kind is compiled_span or kind is Span:
            trace_id, span_id, function = span.trace_id, span.span_id, span.function
        elif span is not None and (context := span.get_span_context()).is_valid:
            trace_id, span_id = context.trace_id, context.span_id
        take(
            # A named tuple's own constructor takes twice as long.
            _new(
                LogRecord,
                (
                    _scopes.get(logger) or scope_of(logger),
                    time_ns or ticks() + clock.offset,
                    severity,
                    severity_text,
                    event_name,
                    body if body is None or (type(body) is str and len(body) <= _BODY_CHARS) else snapshot(body),
                    tuple(attributes),
                    trace_id,
                    span_id,
                    function,
                    here.thread.identity,
                    shown.words,
                    False,
                ),
            )
        )
    except Exception as error:
        if is_from_signal(error):
            raise
        _notices.once("log", logging.ERROR, "An event could not be recorded.", exc_info=True)


# A message and a traceback are shown whole; the keeper clips what is longer than 64,000 characters.
_BODY_CHARS = 100_000


def scope_of(logger: str) -> InstrumentationScope:
    """Return what stands for a logger: the same object each time."""
    if len(_scopes) > _MOST_SCOPES:
        _scopes.clear()
    scope = _scopes[logger] = InstrumentationScope(str(logger)[:_NAME_CHARS])
    return scope
