"""The outcome of a request."""

from collections import Counter
from typing import NamedTuple

from obsv.wire.odd_parts import ODD


class Received(NamedTuple):
    """The outcome of a request.

    Args:
        spans: number of stored spans, including those stored before.
        rejected: numbers of rejected spans, by reason.
        odd: number of parts of what is stored that were left out because they have the wrong type.
    """

    spans: int
    rejected: Counter[str]
    odd: int = 0

    @property
    def message(self) -> str:
        """Return the text for `partial_success.error_message`; empty if everything was stored."""
        reasons = [f"{number} rejected: {reason}" for reason, number in self.rejected.items()]
        return "; ".join([*reasons, *([f"{self.odd} left out: {ODD}"] if self.odd else [])])
