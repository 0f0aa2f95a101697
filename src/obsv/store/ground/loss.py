"""A file that was lost while a program wrote to it."""

from __future__ import annotations

from typing import NamedTuple

from obsv.nouns import counted


class Loss(NamedTuple):
    """A file that is gone or became unusable.

    Args:
        at_ns: when this was noticed, Unix time.
        reason: what was wrong with the file.
        put_aside: its new name, beside the database; None if it is gone.
        calls: number of calls in it; None if unknown.
        errors: number of failed calls in it.
    """

    at_ns: int
    reason: str
    put_aside: str | None
    calls: int | None
    errors: int | None

    def __str__(self) -> str:
        """Return one line of text."""
        held = "an unknown number of calls"
        if self.calls is not None:
            held = f"{counted(self.calls, 'call')} ({counted(self.errors or 0, 'error')})"
        where = "They are lost" if self.put_aside is None else f"It is {self.put_aside} now"
        return f"the file was lost ({self.reason}) with {held}. {where}; recording continues in a new one."
