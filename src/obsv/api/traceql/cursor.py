"""A place in a list of tokens, and what a reader wants to see there."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeVar

from obsv.api.traceql.lexer import END, SIGN, STRING, Token
from obsv.errors import InvalidQuery

_T = TypeVar("_T")


class Cursor:
    """Reads tokens one after the other.

    Args:
        tokens: the last is END.
    """

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0

    @property
    def token(self) -> Token:
        """The token to read next."""
        return self._tokens[self._next]

    @property
    def following(self) -> Token:
        """The token after that."""
        return self._tokens[min(self._next + 1, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Reads a token; END stays."""
        token = self.token
        if token.kind != END:
            self._next += 1
        return token

    def at(self, *signs: str) -> bool:
        """Whether one of these signs comes next."""
        return self.token.kind == SIGN and self.token.text in signs

    def accept(self, sign: str) -> bool:
        """Reads the sign if it comes next."""
        if self.at(sign):
            self.take()
            return True
        return False

    def expect(self, sign: str, why: str) -> None:
        """Reads the sign.

        Raises:
            InvalidQuery: something else stands there.
        """
        if not self.accept(sign):
            self.fail(f"expected {sign} {why}")

    def many(self, read: Callable[[], _T]) -> tuple[_T, ...]:
        """Reads `item, item, …` up to the closing bracket, which is read as well."""
        items = [read()]
        while self.accept(","):
            items.append(read())
        self.expect(")", "or a comma")
        return tuple(items)

    def fail(self, message: str, token: Token | None = None) -> NoReturn:
        """Raises an `InvalidQuery` that names the token."""
        token = token or self.token
        raise InvalidQuery(f"{message}, not {_shown(token)}", token.position)


def _shown(token: Token) -> str:
    if token.kind == END:
        return "the end of the query"
    return f"the text {token.text[:50]!r}" if token.kind == STRING else token.text[:50]
