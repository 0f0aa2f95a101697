"""Propagation of the current call to other threads: work on behalf of a call appears below it.

A thread begins in an empty context (from 3.14 on it may be given one), so what it calls would have no parent.
OpenTelemetry's context alone is handed on, to what a pool of `concurrent.futures` runs (and with it `run_in_executor`)
and to a thread that is started: whatever else a program keeps in context variables stays as it is.

Threads of the standard library's pools and servers are excluded: they outlive the call that happened to start them, and
do the work of others.
"""

import concurrent.futures.thread
import contextvars
import functools
import sys
import threading
from collections.abc import Callable
from types import FunctionType
from typing import Any

from opentelemetry.context import Context

from obsv.instrument.frames import FILE
from obsv.trace.context import SPAN_KEY, get_context, leave_context, set_context

# Modules whose threads belong to pools, servers and event loops.
_SERVICES = (
    "asyncio.base_events",
    "concurrent.futures.",
    "http.server",
    "logging.",
    "multiprocessing.",
    "socketserver",
)

# What a thread runs, it runs in a context of its own: one that was set before is left.
_THREADS_HAVE_CONTEXTS = sys.version_info >= (3, 14)
_CONTEXT = "_obsv_context"
_MARK = "_obsv_follows"


def follow_threads() -> None:
    """From now on, pass the current call to work in threads. Calling it again changes nothing."""
    thread, item = vars(threading)["Thread"], vars(concurrent.futures.thread)["_WorkItem"]
    if not getattr(thread, _MARK, False):
        setattr(thread, _MARK, True)
        _replace(thread, "start", _starting)
        if not _THREADS_HAVE_CONTEXTS:
            _replace(thread, "_bootstrap", _entered)
        _replace(item, "__init__", _submitting)
        _replace(item, "run", _entered)


def _replace(owner: type, name: str, make: Callable[[Any], Any]) -> None:
    function = getattr(owner, name)
    made = functools.wraps(function)(make(function))
    assert isinstance(made, FunctionType)
    # Hidden from code that inspects its caller.
    made.__code__ = made.__code__.replace(co_filename=FILE)
    setattr(owner, name, made)


def _starting(start: Callable[..., Any]) -> Callable[..., Any]:
    def run(thread: threading.Thread, *args: Any, **kwargs: Any) -> Any:
        context = get_context()
        if context.get(SPAN_KEY) is not None and not _is_service(thread):
            _hand_on(context, thread)
        return start(thread, *args, **kwargs)

    return run


def _hand_on(context: Context, thread: threading.Thread) -> None:
    if not _THREADS_HAVE_CONTEXTS:
        vars(thread)[_CONTEXT] = context
    elif vars(thread).get("_context") is None:  # else the program has chosen one, or it has been started before
        inherits = getattr(sys.flags, "thread_inherit_context", False)
        within = contextvars.copy_context() if inherits else contextvars.Context()
        within.run(set_context, context)
        vars(thread)["_context"] = within


def _submitting(begin: Callable[..., None]) -> Callable[..., None]:
    def run(item: Any, *args: Any, **kwargs: Any) -> None:
        vars(item)[_CONTEXT] = get_context()
        begin(item, *args, **kwargs)

    return run


def _entered(function: Callable[..., None]) -> Callable[..., None]:
    """Return a method that runs in the context that its object was given."""

    def run(holder: Any, *args: Any, **kwargs: Any) -> None:
        context = vars(holder).pop(_CONTEXT, None)
        if context is None:
            function(holder, *args, **kwargs)
            return
        token = set_context(context)
        try:
            function(holder, *args, **kwargs)
        finally:
            # A failed future keeps this frame through its exception, and would be kept by it.
            holder = None
            leave_context(token)

    return run


def _is_service(thread: threading.Thread) -> bool:
    """Return whether a thread serves others than the one that starts it."""
    run = type(thread).run
    target: Any = getattr(thread, "_target", None) if run is threading.Thread.run else run
    while isinstance(target, functools.partial):
        target = target.func
    return str(getattr(target, "__module__", None)).startswith(_SERVICES)
