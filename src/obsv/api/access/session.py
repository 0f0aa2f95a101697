"""Verification of the token: as a bearer token, or as the signed cookie that the login page issues."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

COOKIE = "obsv_session"
LIFETIME_S = 7 * 24 * 3600
# Sign-outs to keep until their cookies expire.
MOST_ENDED = 10_000


class Sessions:
    """A verifier of credentials against the token.

    A cookie is its expiry time, a random number and a MAC of both. Only signed-out cookies are stored. The key belongs
    to the process, so a restart ends all sessions, and none that was ended becomes valid again.

    Args:
        token: the secret of `OBSV_TOKEN`.
        clock: Unix time in s.
        salt: makes the key unique to this process.
    """

    def __init__(self, token: str, clock: Callable[[], float] = time.time, salt: bytes = b"") -> None:
        self._token = token.encode()
        # The cookie's key is derived: a leaked cookie reveals nothing about the token.
        self._key = hashlib.sha256(b"obsv session cookie\0" + salt + self._token).digest()
        self._clock = clock
        self._ended: dict[str, int] = {}

    def knows(self, token: str) -> bool:
        """Return whether this is the token, in constant time."""
        return hmac.compare_digest(token.encode(errors="replace"), self._token)

    def issue(self) -> str:
        """Return a cookie value that is valid for `LIFETIME_S` seconds."""
        content = f"{int(self._clock()) + LIFETIME_S}.{secrets.token_hex(8)}"
        return f"{content}.{self._sign(content)}"

    def end(self, cookie: str | None) -> None:
        """Sign out: invalidate a cookie. An invalid cookie changes nothing."""
        if not self._is_valid(cookie or ""):
            return
        content, _, _ = (cookie or "").rpartition(".")
        if len(self._ended) >= MOST_ENDED:
            now = self._clock()
            self._ended = {each: expires for each, expires in self._ended.items() if expires > now}
        if len(self._ended) >= MOST_ENDED:
            # Someone with the token signs in and out without end: all users must sign in again.
            self._key = hashlib.sha256(self._key).digest()
            self._ended.clear()
        self._ended[content] = int(content.partition(".")[0])

    def admits(self, authorization: str | None, cookie: str | None) -> bool:
        """Return whether an Authorization header or a cookie proves the token.

        Args:
            authorization: value of the header, `Bearer <token>` (RFC 6750).
            cookie: value of the session cookie.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() == "bearer" and self.knows(token.strip()):
            return True
        return self._is_valid(cookie or "")

    def _is_valid(self, cookie: str) -> bool:
        content, _, mac = cookie.rpartition(".")
        signed = hmac.compare_digest(mac.encode(errors="replace"), self._sign(content).encode())
        expires = content.partition(".")[0]
        return signed and expires.isdecimal() and int(expires) > self._clock() and content not in self._ended

    def _sign(self, content: str) -> str:
        return hmac.new(self._key, content.encode(errors="replace"), hashlib.sha256).hexdigest()
