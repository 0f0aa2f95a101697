"""The outcome of a request."""

from collections import Counter
from typing import NamedTuple


class Received(NamedTuple):
    """The outcome of a request.

    Args:
        spans: number of stored spans, including those stored before.
        rejected: numbers of rejected spans, by reason.
    """

    spans: int
    rejected: Counter[str]

    @property
    def message(self) -> str:
        """Return the text for `partial_success.error_message`; empty if nothing was rejected."""
        return "; ".join(f"{number} rejected: {reason}" for reason, number in self.rejected.items())
