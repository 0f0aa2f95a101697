"""Regular expressions from outside, in time linear in the text: RE2's language, as in Tempo and Prometheus.

Python's `re` can take exponential time, and SQLite cannot interrupt a running function.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from obsv.errors import ConfigurationError, InvalidQuery

LONGEST_PATTERN = 1_000
# Memory limit of one compiled pattern in bytes: `(x{500}){500}` is refused.
_MEMORY = 1 << 20


class Pattern(Protocol):
    """A compiled regular expression."""

    def fullmatch(self, text: str) -> object | None:
        """Return a match of the whole text, or None."""
        ...


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Pattern:
    """Compile an RE2 pattern.

    Raises:
        InvalidQuery: it is not an RE2 pattern, or too long.
        ConfigurationError: the `google-re2` package is missing.
    """
    try:
        import re2  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError as error:
        raise ConfigurationError(
            "regular expressions require the google-re2 package: pip install google-re2 (without a wheel for this "
            "Python, this needs a compiler and RE2)"
        ) from error
    if len(pattern) > LONGEST_PATTERN:
        raise InvalidQuery(f"a regular expression must have at most {LONGEST_PATTERN:,} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    options.dot_nl = True
    try:
        compiled: Pattern = re2.compile(pattern, options)
        return compiled
    except re2.error as error:
        raise InvalidQuery(f"not a valid RE2 regular expression: {_words(error)}") from None


def _words(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


def fits(pattern: str, text: object) -> bool:
    """Return whether the whole text matches the pattern: SQL's `fits(pattern, text)`. Non-text values never match."""
    return isinstance(text, str) and compile_pattern(pattern).fullmatch(text) is not None
