"""A position in a list of tokens, and expectations of the parser."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeVar

from obsv.api.traceql.lexer import END, SIGN, STRING, Token
from obsv.errors import InvalidQuery

_T = TypeVar("_T")


class Cursor:
    """A reader of tokens in order.

    Args:
        tokens: the tokens, ending with END.
    """

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0

    @property
    def token(self) -> Token:
        """Return the next token."""
        return self._tokens[self._next]

    @property
    def following(self) -> Token:
        """Return the token after the next one."""
        return self._tokens[min(self._next + 1, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Read a token; END is not consumed."""
        token = self.token
        if token.kind != END:
            self._next += 1
        return token

    def at(self, *signs: str) -> bool:
        """Return whether one of these signs comes next."""
        return self.token.kind == SIGN and self.token.text in signs

    def accept(self, sign: str) -> bool:
        """Read the sign if it comes next."""
        if self.at(sign):
            self.take()
            return True
        return False

    def expect(self, sign: str, why: str) -> None:
        """Read the sign.

        Raises:
            InvalidQuery: the next token is something else.
        """
        if not self.accept(sign):
            self.fail(f"expected {sign} {why}")

    def many(self, read: Callable[[], _T]) -> tuple[_T, ...]:
        """Read `item, item, …` up to and including the closing bracket."""
        items = [read()]
        while self.accept(","):
            items.append(read())
        self.expect(")", "or a comma")
        return tuple(items)

    def fail(self, message: str, token: Token | None = None) -> NoReturn:
        """Raise an `InvalidQuery` that names the token."""
        token = token or self.token
        raise InvalidQuery(f"{message}, not {_shown(token)}", token.position)


def _shown(token: Token) -> str:
    if token.kind == END:
        return "the end of the query"
    return f"the text {token.text[:50]!r}" if token.kind == STRING else token.text[:50]
