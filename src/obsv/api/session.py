"""Proof of the token: as a bearer token, or as the signed cookie that the login page hands out."""

import hashlib
import hmac
import time
from collections.abc import Callable

COOKIE = "obsv_session"
LIFETIME_S = 7 * 24 * 3600


class Sessions:
    """Checks credentials against the token. Keeps no state: a cookie is its expiry time and a MAC of it.

    Args:
        token: the secret of `OBSV_TOKEN`.
        clock: Unix time in s.
    """

    def __init__(self, token: str, clock: Callable[[], float] = time.time) -> None:
        self._token = token.encode()
        # The cookie's key is derived: a leaked cookie tells nothing of the token.
        self._key = hashlib.sha256(b"obsv session cookie\0" + self._token).digest()
        self._clock = clock

    def knows(self, token: str) -> bool:
        """Whether this is the token; takes the same time whatever it is."""
        return hmac.compare_digest(token.encode(errors="replace"), self._token)

    def issue(self) -> str:
        """A cookie value, good for `LIFETIME_S` seconds."""
        expires = str(int(self._clock()) + LIFETIME_S)
        return f"{expires}.{self._sign(expires)}"

    def admits(self, authorization: str | None, cookie: str | None) -> bool:
        """Whether an Authorization header or a cookie proves the token.

        Args:
            authorization: value of the header, `Bearer <token>` (RFC 6750).
            cookie: value of the session cookie.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() == "bearer" and self.knows(token.strip()):
            return True
        expires, _, mac = (cookie or "").partition(".")
        signed = hmac.compare_digest(mac.encode(errors="replace"), self._sign(expires).encode())
        return signed and expires.isdecimal() and int(expires) > self._clock()

    def _sign(self, expires: str) -> str:
        return hmac.new(self._key, expires.encode(errors="replace"), hashlib.sha256).hexdigest()
