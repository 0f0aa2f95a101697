"""The current span, by OpenTelemetry's context: ours nests under anybody's, and anybody's under ours.

The public `attach` and `detach` take 150 ns, the context variable under them 70 ns, so that is used where it is the
standard one.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.context import Context

# The key is private to the API, so it is read off a context that the API made.
SPAN_KEY: str = next(iter(trace.set_span_in_context(trace.INVALID_SPAN, Context())))

# The current span of obsv's own threads. It is no span of ours, so that the lean path leaves calls under it to the
# general one, which does not record them: other calls are not looked at for this.
QUIET = trace.NonRecordingSpan(trace.INVALID_SPAN_CONTEXT)

_runtime = getattr(context_api, "_RUNTIME_CONTEXT", None)
_variable = getattr(_runtime, "_current_context", None)

get_context: Callable[[], Context]
set_context: Callable[[Context], Any]
reset_context: Callable[[Any], None]
if isinstance(_variable, ContextVar):
    get_context, set_context, reset_context = _variable.get, _variable.set, _variable.reset
    if sys.version_info < (3, 12):
        # There the collector runs in the middle of setting a variable. A finalizer that sets it too, as a recorded call
        # does, took its old values away under the first: a crash of the interpreter. A copy holds them (70 ns).
        _set, _reset = _variable.set, _variable.reset

        def set_context(context: Context) -> Any:
            held = copy_context()  # noqa: F841
            return _set(context)

        def reset_context(token: Any) -> None:
            held = copy_context()  # noqa: F841
            _reset(token)
else:
    get_context, set_context, reset_context = context_api.get_current, context_api.attach, context_api.detach


@contextmanager
def quiet() -> Iterator[None]:
    """What is called here is not recorded, by obsv or by other instrumentation: it is obsv's own work."""
    token = context_api.attach(
        trace.set_span_in_context(QUIET, context_api.set_value(context_api._SUPPRESS_INSTRUMENTATION_KEY, True))
    )
    try:
        yield
    finally:
        context_api.detach(token)


def leave_context(token: Any) -> None:
    """Reset the context; not where the body was finished in another one, as a coroutine that is closed late is."""
    try:
        reset_context(token)
    except ValueError:
        return
