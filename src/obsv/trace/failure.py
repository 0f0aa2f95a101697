"""What went wrong in a call: the exception, taken when it passes and turned into text later.

Taking reads frames only (about 10 µs); reading source lines and formatting, which cost ten times that, wait for `text`,
which the writer's thread asks for.
"""

import sys
from collections.abc import Callable, Mapping
from traceback import TracebackException
from types import TracebackType

from obsv import semconv

# Deep recursion: every level of 1,000 would otherwise read up to 1,000 frames. The innermost are kept.
_MAX_FRAMES = 200
_MAX_MESSAGE = 10_000
_MAX_TEXT = 100_000

Redact = Callable[[str], str]

# Files whose frames are ours; a recorded traceback shows the program as if it were not monitored.
WRAPPER_FILES: set[str] = set()


def is_error(error: BaseException) -> bool:
    """Whether an exception that leaves a call means that the call failed.

    Not errors: the ends of iteration and of generators, cancellation, and `SystemExit` with code 0 or None.
    """
    if isinstance(error, Exception):
        # The protocol of __next__ and __anext__ when those are monitored; Future.result() raises the other
        # CancelledError.
        return not isinstance(error, (StopIteration, StopAsyncIteration)) and not _is_cancellation(error)
    if isinstance(error, SystemExit):
        return error.code not in (0, None)
    return not isinstance(error, GeneratorExit) and not _is_cancellation(error)


def _is_cancellation(error: BaseException) -> bool:
    # By module, since importing asyncio costs the program 30 ms that it may not need.
    for module in ("asyncio.exceptions", "concurrent.futures._base"):
        loaded = sys.modules.get(module)
        if loaded is not None and isinstance(error, loaded.CancelledError):
            return True
    return False


def type_name(error_type: type[BaseException]) -> str:
    """The qualified name of an exception's type, as the semantic convention `exception.type` has it."""
    module = error_type.__module__
    return error_type.__qualname__ if module in (None, "builtins") else f"{module}.{error_type.__qualname__}"


class Failure:
    """An exception as it left a call.

    Args:
        error: the exception.
        frames: its traceback, from the monitored function's own frame down.
        locals_: text of the failing frame's variables, already redacted; None where they were not asked for.
    """

    __slots__ = ("_message", "_report", "_text", "locals", "type")

    def __init__(
        self, error: BaseException, frames: TracebackType | None, locals_: Mapping[str, str] | None = None
    ) -> None:
        self.type = type_name(type(error))
        self.locals = locals_
        self._text: str | None = None
        self._message: str | None = None
        self._report: TracebackException | None = TracebackException(
            type(error), error, frames, limit=_frame_limit(frames), lookup_lines=False, compact=True
        )

    @classmethod
    def of_text(cls, type_: str, message: str, text: str, locals_: Mapping[str, str] | None = None) -> "Failure":
        """A failure that was turned into text before, by this process or another."""
        failure = cls.__new__(cls)
        failure.type, failure.locals = type_, locals_
        failure._message, failure._text, failure._report = message, text, None
        return failure

    def message(self, redact: Redact) -> str:
        """What `str()` of the exception said, redacted; the semantic convention `exception.message`."""
        if self._message is None:
            assert self._report is not None
            self._message = _cut(redact(str(self._report)), _MAX_MESSAGE)
        return self._message

    def text(self, redact: Redact) -> str:
        """The full traceback with its causes, redacted, as Python prints it."""
        if self._text is None:
            assert self._report is not None
            self.message(redact)
            _strip(self._report, set())
            self._text = _cut(redact("".join(self._report.format())), _MAX_TEXT)
            self._report = None
        return self._text

    def attributes(self, redact: Redact, *, escaped: bool) -> dict[str, str]:
        """The attributes of the `exception` event, by the semantic conventions for exceptions."""
        return {
            semconv.EXCEPTION_TYPE: self.type,
            semconv.EXCEPTION_MESSAGE: self.message(redact),
            semconv.EXCEPTION_STACKTRACE: self.text(redact),
            semconv.EXCEPTION_ESCAPED: str(escaped),
        }


def _strip(report: TracebackException, seen: set[int]) -> None:
    """Take our frames out of a report, its causes and its group."""
    if id(report) in seen:
        return
    seen.add(id(report))
    report.stack[:] = [frame for frame in report.stack if frame.filename not in WRAPPER_FILES]
    for other in (report.__cause__, report.__context__, *(getattr(report, "exceptions", None) or ())):
        if other is not None:
            _strip(other, seen)


def _frame_limit(frames: TracebackType | None) -> int | None:
    count = 0
    while frames is not None:
        count += 1
        if count > _MAX_FRAMES:
            return -_MAX_FRAMES
        frames = frames.tb_next
    return None


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half:,} characters left out …\n{text[-half:]}"
