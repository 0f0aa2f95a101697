"""A file that was lost while a program wrote to it."""

from __future__ import annotations

from typing import NamedTuple


class Loss(NamedTuple):
    """A file that is gone or could not be used any more.

    Args:
        at_ns: when that was noticed, Unix time.
        reason: what was wrong with it.
        put_aside: its new name, beside the database; None where it is gone.
        calls: how many it held; None where that is not known.
        errors: failed ones among them.
    """

    at_ns: int
    reason: str
    put_aside: str | None
    calls: int | None
    errors: int | None

    def __str__(self) -> str:
        """One line for people."""
        held = "an unknown number of calls"
        if self.calls is not None:
            held = f"{self.calls:,} calls ({self.errors or 0:,} errors)"
        where = "They are lost" if self.put_aside is None else f"It is {self.put_aside} now"
        return f"the file was lost ({self.reason}) with {held}. {where}; recording goes on in a new one."
