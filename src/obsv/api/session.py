"""Proof of the token: as a bearer token, or as the signed cookie that the login page hands out."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

COOKIE = "obsv_session"
LIFETIME_S = 7 * 24 * 3600
# Sign-outs that are kept until their cookie would have expired.
MOST_ENDED = 10_000


class Sessions:
    """Checks credentials against the token.

    A cookie is its expiry time, a random number and a MAC of both. Only those that signed out are kept; as the key is
    the process's own, a restart ends all sessions, and none that was ended comes back.

    Args:
        token: the secret of `OBSV_TOKEN`.
        clock: Unix time in s.
        salt: makes the key one of this process.
    """

    def __init__(self, token: str, clock: Callable[[], float] = time.time, salt: bytes = b"") -> None:
        self._token = token.encode()
        # The cookie's key is derived: a leaked cookie tells nothing of the token.
        self._key = hashlib.sha256(b"obsv session cookie\0" + salt + self._token).digest()
        self._clock = clock
        self._ended: dict[str, int] = {}

    def knows(self, token: str) -> bool:
        """Whether this is the token; takes the same time whatever it is."""
        return hmac.compare_digest(token.encode(errors="replace"), self._token)

    def issue(self) -> str:
        """A cookie value, good for `LIFETIME_S` seconds."""
        content = f"{int(self._clock()) + LIFETIME_S}.{secrets.token_hex(8)}"
        return f"{content}.{self._sign(content)}"

    def end(self, cookie: str | None) -> None:
        """Sign out: the cookie is void from now on. One that is not valid changes nothing."""
        if not self._is_valid(cookie or ""):
            return
        content, _, _ = (cookie or "").rpartition(".")
        if len(self._ended) >= MOST_ENDED:
            now = self._clock()
            self._ended = {each: expires for each, expires in self._ended.items() if expires > now}
        if len(self._ended) >= MOST_ENDED:
            # Somebody with the token signs in and out without end: all sign in anew.
            self._key = hashlib.sha256(self._key).digest()
            self._ended.clear()
        self._ended[content] = int(content.partition(".")[0])

    def admits(self, authorization: str | None, cookie: str | None) -> bool:
        """Whether an Authorization header or a cookie proves the token.

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
