"""Returning of memory to the system."""

import ctypes
from collections.abc import Callable


def _trimmer() -> Callable[[int], int] | None:
    try:
        found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    except (OSError, TypeError):  # Windows
        return None
    return found


_trim = _trimmer()


def give_back() -> None:
    """Return memory that the C library keeps free: after a request of many megabytes it would stay with the process."""
    if _trim is not None:
        _trim(0)
