"""The inputs of a failing call, as exactly as text can say them, where its recorded values do not tell everything.

They are read from the frame that failed, which costs nothing before a call fails. A parameter that the function has
bound to something else by then, or has changed, is left out: its value at the beginning is gone.
"""

from __future__ import annotations

import marshal
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from obsv.capture import EXACT, Frozen, tells_all
from obsv.capture.snapshot import kinds_of
from obsv.instrument.call import Throttle
from obsv.trace.span import Span

if TYPE_CHECKING:
    from obsv.instrument.recorder import Recorder

# Freezing 20,000 characters takes up to 2 ms: of one function at most 4 % of a second.
MOST_PER_SECOND = 20
# One below the outermost: the inputs of a call share their room, as members of one container do.
_DEPTH = EXACT.max_depth - 1

Inputs = tuple[tuple[str, Frozen], ...]


class ExactInputs:
    """The reader of one function's exact inputs.

    Args:
        recorder: that of the function; nothing is read where its arguments are not recorded by name and in full.

    Attributes:
        receiver: the parameter that takes the object of a method; None of other functions.
    """

    __slots__ = ("_freeze", "_is_off", "_names", "_snapshot", "_throttle", "_variables", "receiver")

    def __init__(self, recorder: Recorder) -> None:
        parameters = recorder.parameters
        captured = recorder.capture.get("args") and recorder.options.serializer == "smart"
        self._names, self._variables = parameters.names, parameters.variables
        first = self._variables[0] if parameters.positional else None
        self._is_off = not captured or parameters.shown is not None
        self.receiver = None if first in self._names or self._is_off else first
        self._snapshot = recorder.snapshot
        self._freeze = kinds_of(EXACT, recorder.redactor).freeze
        self._throttle = Throttle(MOST_PER_SECOND)

    def read(self, span: Span, frames: TracebackType | None) -> Inputs | None:
        """Return names and exact values of what a call's recorded inputs do not tell; None if they tell everything.

        Args:
            span: the call.
            frames: the traceback from the function's own frame down.
        """
        if self._is_off or frames is None:
            return None
        asked = self._untold(span.inputs)
        if not (asked or self.receiver) or not self._throttle.admits():
            return None
        frame = frames.tb_frame
        if frame.f_code.co_varnames[: len(self._variables)] != self._variables:
            return None  # the function has no frame of its own
        return tuple(self._values(frame, asked)) or None

    def _untold(self, inputs: tuple[Frozen, ...]) -> list[tuple[str, Frozen]]:
        return [(name, seen) for name, seen in zip(self._names, inputs, strict=False) if not tells_all(seen)]

    def _values(self, frame: FrameType, asked: list[tuple[str, Frozen]]) -> list[tuple[str, Frozen]]:
        variables = frame.f_locals
        room = [EXACT.max_repr]
        found = []
        if self.receiver is not None and self.receiver in variables:
            owner: Any = variables[self.receiver]
            if not issubclass(type(owner), type):
                found.append((self.receiver, self._freeze(owner, _DEPTH, room)))
        for name, seen in asked:
            if name in variables and _is_same(self._snapshot(variables[name]), seen):
                found.append((name, self._freeze(variables[name], _DEPTH, room)))
        return found


def _is_same(now: Frozen, then: Frozen) -> bool:
    # Not by `==`: nan is not equal to itself.
    return marshal.dumps(now, 2) == marshal.dumps(then, 2)
