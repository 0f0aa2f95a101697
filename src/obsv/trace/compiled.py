"""Joins the compiled core to spans, contexts and the ring of this process; nothing is here where Python records."""

import os
from contextvars import ContextVar
from typing import Any, Protocol

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan

from obsv.capture import is_from_signal
from obsv.record.core import compiled
from obsv.record.layout import MASK_64
from obsv.trace import context
from obsv.trace.clock import clock
from obsv.trace.context import QUIET, SPAN_KEY
from obsv.trace.frozen import freeze_details
from obsv.trace.function import Function
from obsv.trace.recording import begin_under, identity, inherit, recording
from obsv.trace.span import ABSENT, Span

_DUNDERS = frozenset(("__repr__", "__enter__", "__exit__"))


class Writer(Protocol):
    """What the core needs of the one who writes a ring."""

    ring: Any

    def number_of_function(self, function: Function) -> int:
        """The number of a function, which is defined now if it is new."""

    def number_of_thread(self, thread: tuple[int, str]) -> int:
        """The number of a thread likewise."""

    def number_of_origin(self, origin: Any) -> int:
        """The number of resource and scope likewise."""


def _methods() -> dict[str, Any]:
    """The methods and properties of Python's class, for C's type."""
    taken = {name: value for base in (trace.Span, ReadableSpan, Span) for name, value in vars(base).items()}
    left_out = {"_abc_impl", *Span.__slots__}
    return {
        name: value
        for name, value in taken.items()
        if name not in left_out and (not name.startswith("__") or name in _DUNDERS)
    }


def _adopt(parent: Any) -> tuple[int, int, int, int, int, Function | None, Any] | None:
    """What a call under a span that is not the core's takes from it; None where it is not recorded."""
    if parent is QUIET:
        return None
    if isinstance(parent, Span):
        details = None if parent.details is None else inherit(parent.details)
        own = parent.span_id, parent.depth + 1, parent.flags, parent.function, details
        return parent.trace_id >> 64, parent.trace_id & MASK_64, *own
    child = object.__new__(Span)
    begin_under(child, parent)
    rest = child.parent_id, child.depth, child.flags, None, child.details
    return child.trace_id >> 64, child.trace_id & MASK_64, *rest


def _late(span: Any) -> None:
    """End a call that the core did not end: by hand, with an exception, or in another process than it began in."""
    if span.failure is not None or not span.write_end():
        recording.on_end(span)


def _connect() -> Any:
    if compiled is None or not isinstance(context._variable, ContextVar):
        return None
    try:
        made = compiled.connect(
            variable=context._variable,
            key=SPAN_KEY,
            context=Context,
            span_class=Span,
            methods=_methods(),
            absent=ABSENT,
            adopt=_adopt,
            late=_late,
            freeze_details=freeze_details,
            is_from_signal=is_from_signal,
            recording=recording,
            random=os.urandom(32),
        )
    except (TypeError, ValueError):
        return None  # an OpenTelemetry whose context is made in another way
    trace.Span.register(made)
    return compiled


core = _connect()
"""The compiled core, ready to record; None where Python records."""


def open_core(writer: Writer) -> None:
    """Let the core write the calls of this process into a ring.

    Raises:
        OSError: the ring takes no definitions.
    """
    if core is None:
        return
    core.open(
        lane=writer.ring.calls,
        define=writer.number_of_function,
        identify=lambda: _identified(writer),
        origin=recording.origin,
        ring=writer.ring,
        origin_number=writer.number_of_origin(recording.origin),
        offset=clock.offset,
    )


def close_core() -> None:
    """Leave recording to Python."""
    if core is not None:
        core.close()


def _identified(writer: Writer) -> tuple[tuple[int, str], int]:
    thread = identity()
    return thread, writer.number_of_thread(thread)
