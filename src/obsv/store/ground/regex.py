"""Regular expressions from outside, in time linear in the text: RE2's language, as Tempo's and Prometheus's.

Python's `re` can take exponential time, and SQLite cannot interrupt a function that is running.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from obsv.errors import ConfigurationError, InvalidQuery

LONGEST_PATTERN = 1_000
# Bytes of memory for one compiled pattern: `(x{500}){500}` is refused.
_MEMORY = 1 << 20


class Pattern(Protocol):
    """A compiled regular expression."""

    def fullmatch(self, text: str) -> object | None:
        """A match of the whole text, or None."""
        ...


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Pattern:
    """Compiles an RE2 pattern.

    Raises:
        InvalidQuery: it is no RE2 pattern, or too long.
        ConfigurationError: the `google-re2` package is missing.
    """
    try:
        import re2  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError as error:
        raise ConfigurationError(
            "regular expressions need the google-re2 package: pip install 'obsv[server]'"
        ) from error
    if len(pattern) > LONGEST_PATTERN:
        raise InvalidQuery(f"a regular expression has at most {LONGEST_PATTERN:,} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    options.dot_nl = True
    try:
        compiled: Pattern = re2.compile(pattern, options)
        return compiled
    except re2.error as error:
        raise InvalidQuery(f"not a regular expression of RE2: {_words(error)}") from None


def _words(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


def fits(pattern: str, text: object) -> bool:
    """Whether the whole text fits the pattern: SQL's `fits(pattern, text)`. What is not text fits nothing."""
    return isinstance(text, str) and compile_pattern(pattern).fullmatch(text) is not None
