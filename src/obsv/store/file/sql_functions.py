"""SQL functions for readers. Views and indexes do not use them, because other programs use those too."""

from __future__ import annotations

import sqlite3

from obsv.store.ground import bucket, fits, headline

_LARGEST = 2**62


def add_functions(connection: sqlite3.Connection) -> None:
    """Register the functions with a connection."""
    for name, arguments, function in (
        ("fits", 2, fits),
        ("exception_type", 1, exception_type),
        ("exception_message", 1, exception_message),
        ("bucket", 1, bucket_of),
        ("octave", 1, octave_of),
    ):
        connection.create_function(name, arguments, function, deterministic=True)


def exception_type(text: object) -> str | None:
    """Return the type in the text of an exception."""
    return headline(text)[0] if isinstance(text, str) else None


def exception_message(text: object) -> str | None:
    """Return the message in the text of an exception."""
    return headline(text)[1] if isinstance(text, str) else None


def bucket_of(number: object) -> int | None:
    """Return the store's histogram bucket; NULL for anything but a number."""
    return bucket(int(min(number, _LARGEST))) if isinstance(number, int | float) else None


def octave_of(number: object) -> int | None:
    """Return the exponent of the smallest power of two that is not less; NULL for anything but a number."""
    if not isinstance(number, int | float):
        return None
    whole = int(min(number, _LARGEST))
    return (whole - 1).bit_length() if whole > 1 else 0
