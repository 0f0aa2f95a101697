"""What became of a request."""

from collections import Counter
from typing import NamedTuple


class Received(NamedTuple):
    """What a request came to.

    Args:
        spans: how many were stored, those among them that were stored before.
        rejected: how many were turned away, by reason.
    """

    spans: int
    rejected: Counter[str]

    @property
    def message(self) -> str:
        """For `partial_success.error_message`; empty when nothing was rejected."""
        return "; ".join(f"{number} rejected: {reason}" for reason, number in self.rejected.items())
