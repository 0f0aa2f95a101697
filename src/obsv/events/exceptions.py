"""An exception as the attributes of a log record."""

from obsv.own_time import ticks
from obsv.trace.clock import clock
from obsv.trace.failure import Failure


def exception_texts(error: BaseException | None) -> list[tuple[str, str]]:
    """Return the attributes of the semantic convention `exception.*`; none without an exception."""
    if error is None:
        return []
    failure = Failure.of(error, error.__traceback__)
    return [
        ("exception.type", failure.type),
        ("exception.message", failure.message(str)),
        ("exception.stacktrace", failure.text(str, ticks() + clock.offset)),
    ]
