"""Type and message of a failed call, from the text that its row keeps."""

from __future__ import annotations


def headline(text: str) -> tuple[str, str]:
    """Type and message of an exception.

    Args:
        text: a traceback as Python prints it, or its last line.

    Returns:
        `("ValueError", "no price")` for a text that ends in `ValueError: no price`.
    """
    kind, _, message = text.rstrip().rpartition("\n")[2].partition(": ")
    return kind, message
