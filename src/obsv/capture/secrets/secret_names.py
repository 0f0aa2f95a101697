"""Recognition of secret values by name.

A name is a compound of words, and its last word says what it is: `password_hash` contains part of a password,
`password_policy` does not. Words joined without a separator are first taken apart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache

from obsv.capture.names import words
from obsv.capture.secrets.secret_words import (
    CHANCE,
    COMPANIONS,
    CONTENT,
    FLAGS,
    HARMLESS_NAMES,
    HARMLESS_TOKENS,
    METADATA,
    NO_GETTERS,
    NO_METADATA,
    NO_PASSWORDS,
    ROOTS,
    SOFT_FLAGS,
    STRONG,
    WEAK,
)

# A secret word of this many letters at the end of another word is not there by chance.
_LONG = 9
# Words of a run that may be one secret word: `social security number`.
_MAX_RUN = 4
_STRONG = frozenset("".join(words(word)) for word in STRONG)
_WEAK = frozenset(WEAK)
_TOKENS = frozenset(("token",))
# `password_for_user`, `token_of_client`: the part before the preposition says what it is.
_PREPOSITIONS = frozenset(("for", "of", "from", "to", "at", "in", "on", "by", "as", "via"))
# These are recognized in a word with unknown parts; for the others, the whole word must be understood.
_INSIDE = (
    *("password", "passwd", "passphrase", "secret", "credential", "apikey", "accesskey", "privatekey", "sessionid"),
    *("sessid", "csrf", "xsrf", "accesstoken", "authtoken", "connectionstring"),
)
# And these at its end.
_LAST = ("token", "cookie", "passwort", "oauth", "oauth2", *(word for word in sorted(_STRONG) if len(word) >= _LONG))
_VOCABULARY = _STRONG | _WEAK | COMPANIONS | METADATA | CONTENT | HARMLESS_TOKENS | {"pass", "passes"}
_SHORTEST = 2
# Maximum number of letters of a word that is taken apart.
_LONGEST = 48


def is_secret_name(name: str, own: Collection[str], *, defaults: bool) -> bool:
    """Return whether a name contains a secret word that no other word makes harmless.

    Args:
        own: words of the user, in lower case and without separators; nothing makes them harmless.
        defaults: whether the words of `secret_words` count too.
    """
    found = words(name)
    if not own and not any(map("".join(found).__contains__, ROOTS)):
        return False
    if own and any(run in own for _, _, run in _runs(found)):
        return True
    if not defaults or name in HARMLESS_NAMES:
        return False
    parts = [part for word in found for part in _apart(word)]
    if own and parts != found and any(run in own for _, _, run in _runs(parts)):
        return True
    return _is_secret(_head(parts))


def returns_secret(function: str, is_sensitive: Callable[[str], bool]) -> bool:
    """Return whether a function's result is secret by its name: `get_password`, but not `check_password`.

    Args:
        function: its qualified name, of which the last part counts.
    """
    name = function.rpartition(".")[2]
    return is_sensitive(name) and next(iter(words(name)), "") not in NO_GETTERS


def _runs(parts: list[str]) -> list[tuple[int, int, str]]:
    """Return runs of adjacent words, joined: begin, end, text; the longest first."""
    return [
        (start, start + length, "".join(parts[start : start + length]))
        for length in range(min(_MAX_RUN, len(parts)), 0, -1)
        for start in range(len(parts) - length + 1)
    ]


def _head(parts: list[str]) -> list[str]:
    """Return the words up to a preposition, without numbers at the end."""
    for index, part in enumerate(parts):
        if part in _PREPOSITIONS and 0 < index < len(parts) - 1 and _is_secret(parts[:index]):
            parts = parts[:index]
            break
    while len(parts) > 1 and (parts[-1].isdigit() or parts[-1] in _PREPOSITIONS):
        parts = parts[:-1]
    return parts


def _is_secret(parts: list[str]) -> bool:
    return any(
        (run in _STRONG or run in _WEAK or run == "pass") and _counts(parts, start, end, run)
        for start, end, run in _runs(parts)
    )


def _counts(parts: list[str], start: int, end: int, run: str) -> bool:
    """Return whether a secret word counts in its position."""
    before, behind = parts[:start], parts[end:]
    if behind and behind[-1] in METADATA and not (behind[-1] in ("id", "ids") and run in NO_METADATA):
        return False
    if before and (
        before[0] in FLAGS
        or before[-1] in FLAGS
        or (before[0] in SOFT_FLAGS and "token" not in parts and "key" not in parts)
    ):
        return False
    if run == "pass":
        return not behind and (not before or before[-1] not in NO_PASSWORDS)
    if run in _STRONG:
        return True
    if run in _TOKENS and before and before[-1] in HARMLESS_TOKENS:
        return False
    return not behind or behind[0] in CONTENT or behind[0].isdigit() or behind[0] in _STRONG or behind[0] in _WEAK


@lru_cache(maxsize=2_048)
def _apart(word: str) -> tuple[str, ...]:
    """Return the words that a word is composed of; the word itself if it is simple or not understood."""
    if word in _VOCABULARY or word in CHANCE or len(word) > _LONGEST:
        return (word,)
    known = _explained(word)
    if any(part in _STRONG or part in _WEAK or part == "pass" for part in known):
        return known
    return _with_unknown(word) or (word,)


def _explained(word: str) -> tuple[str, ...]:
    """Return a word as known words, as few as possible; empty if that is impossible."""
    ways: list[tuple[str, ...] | None] = [()] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(end):
            way, part = ways[start], word[start:end]
            if way is None or part not in _VOCABULARY or (end - start < _SHORTEST and (start or part != "x")):
                continue
            best = ways[end]
            if best is None or len(way) + 1 < len(best):
                ways[end] = (*way, part)
    return ways[-1] or ()


def _with_unknown(word: str) -> tuple[str, ...]:
    """Return a word split around a word that is secret in any combination."""
    for inside in _INSIDE:
        start = word.find(inside)
        if start >= 0:
            parts = word[:start], inside, word[start + len(inside) :]
            return tuple(each for part in parts if part for each in (_explained(part) or (part,)))
    for last in _LAST:
        if word.endswith(last):
            return word[: -len(last)], last
    return ()
