"""The failure of a call: the exception that left it, frozen when it passes and formatted later.

Two steps, which may be far apart and in two processes:

    frozen = freeze(error, frames)     obsv.capture.error: in the caller's thread, 2 µs, runs none of the program's code
    text = render(frozen, at_ns)       obsv.trace.error_text: at the consumer, reads the lines of the source

`frozen` is a tuple that `marshal` can write; its type is `frozen[0]` and its message `frozen[1]`. Both steps leave
secrets
in, because finding them takes longer than everything else: the code that stores the results first calls the
`redact_text`
of the function's redactor. `Failure` combines both for a span of this process.
"""

from collections.abc import Callable, Mapping
from types import TracebackType

from obsv import semconv
from obsv.capture.cancellation import is_error
from obsv.capture.error import FrozenError, freeze
from obsv.capture.frames import WRAPPER_FILES
from obsv.trace.error_text import render

__all__ = ["UNREAD", "WRAPPER_FILES", "Failure", "FrozenError", "freeze", "is_error", "render"]

Redact = Callable[[str], str]

# If not even the type of an exception could be read, because no stack was left.
UNREAD: FrozenError = ("", "", (), {"missing": ["the exception could not be read"]})


class Failure:
    """An exception as it left a call.

    Args:
        frozen: the result of `freeze`.
        locals_: text of the failing frame's variables, already redacted; None if they were not requested.
    """

    __slots__ = ("_message", "_text", "frozen", "locals")

    def __init__(self, frozen: FrozenError, locals_: Mapping[str, str] | None = None) -> None:
        self.frozen = frozen
        self.locals = locals_
        self._text: str | None = None
        self._message: str | None = None

    @classmethod
    def of(cls, error: BaseException, frames: TracebackType | None) -> "Failure":
        """Return the failure of an exception with its traceback, from the monitored function's own frame down."""
        return cls(freeze(error, frames))

    @property
    def type(self) -> str:
        """Return the qualified name of the exception's class; the semantic convention `exception.type`."""
        return self.frozen[0]

    def message(self, redact: Redact) -> str:
        """Return the `str()` of the exception, redacted; the semantic convention `exception.message`."""
        if self._message is None:
            self._message = redact(self.frozen[1])
        return self._message

    def text(self, redact: Redact, at_ns: int | None = None) -> str:
        """Return the full traceback with its causes, redacted, as Python prints it.

        Args:
            at_ns: when the exception was raised, Unix time in nanoseconds; source that changed later is not shown.
        """
        if self._text is None:
            self._text = redact(render(self.frozen, at_ns))
        return self._text

    def attributes(self, redact: Redact, *, escaped: bool) -> dict[str, str]:
        """Return the attributes of the `exception` event, by the semantic conventions for exceptions."""
        return {
            semconv.EXCEPTION_TYPE: self.type,
            semconv.EXCEPTION_MESSAGE: self.message(redact),
            semconv.EXCEPTION_STACKTRACE: self.text(redact),
            semconv.EXCEPTION_ESCAPED: str(escaped),
        }
