"""Verification of tokens: as a bearer token, or as the signed cookie that the login page issues."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

from obsv.acting import Actor
from obsv.api.access.users import Users

COOKIE = "obsv_session"
LIFETIME_S = 7 * 24 * 3600
# Sign-outs to keep until their cookies expire.
MOST_ENDED = 10_000


class Sessions:
    """A verifier of credentials against the token and the users.

    A cookie is its expiry time, a random number, the user's name and a MAC of these and of the secret that proved the
    user. Only signed-out cookies are stored. The key belongs to the process, so a restart ends all sessions, and none
    that was ended becomes valid again; a user's new token, or removal, ends that user's.

    Args:
        token: the secret of `OBSV_TOKEN`; None if only users are let in.
        clock: Unix time in s.
        salt: makes the key unique to this process.
        users: returns the users now.
    """

    def __init__(
        self,
        token: str | None,
        clock: Callable[[], float] = time.time,
        salt: bytes = b"",
        users: Callable[[], Users] = Users,
    ) -> None:
        self._token = None if token is None else token.encode()
        # The cookie's key is derived: a leaked cookie reveals nothing about the token.
        self._key = hashlib.sha256(b"obsv session cookie\0" + salt + (self._token or b"")).digest()
        self._clock, self._users = clock, users
        self._ended: dict[str, int] = {}

    def name_of(self, token: str) -> str | None:
        """Return whose token this is, empty for that of `OBSV_TOKEN`; None if it is nobody's. In constant time."""
        if self._token is not None and hmac.compare_digest(token.encode(errors="replace"), self._token):
            return ""
        user = self._users().by_token(token)
        return None if user is None else user.name

    def issue(self, name: str = "") -> str:
        """Return a cookie value for a user that is valid for `LIFETIME_S` seconds."""
        content = f"{int(self._clock()) + LIFETIME_S}.{secrets.token_hex(8)}.{name.encode().hex()}"
        return f"{content}.{self._sign(content, self._proof(name) or '')}"

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

    def who(self, authorization: str | None, cookie: str | None, via: str = "api") -> Actor | None:
        """Return whom an Authorization header or a cookie proves; None if neither does.

        Args:
            authorization: value of the header, `Bearer <token>` (RFC 6750).
            cookie: value of the session cookie.
            via: the way that they came.
        """
        scheme, _, token = (authorization or "").partition(" ")
        name = self.name_of(token.strip()) if scheme.lower() == "bearer" else None
        if name is None and self._is_valid(cookie or ""):
            name = _name_in(cookie or "")
        if name is None:
            return None
        if not name:
            return Actor("token", "admin", via)
        # The file is read again: somebody may have been removed since the proof was looked at.
        user = self._users().by_name(name)
        return None if user is None else Actor(user.name, user.role, via, user.sees_values)

    def _is_valid(self, cookie: str) -> bool:
        content, _, mac = cookie.rpartition(".")
        name = _name_in(cookie)
        proof = None if name is None else self._proof(name)
        if proof is None:
            return False
        signed = hmac.compare_digest(mac.encode(errors="replace"), self._sign(content, proof).encode())
        expires = content.partition(".")[0]
        return signed and expires.isdecimal() and int(expires) > self._clock() and content not in self._ended

    def _proof(self, name: str) -> str | None:
        """Return the secret that proves a user now; None for a user that is no longer there."""
        if not name:
            return None if self._token is None else ""
        user = self._users().by_name(name)
        return None if user is None else user.token_sha256

    def _sign(self, content: str, proof: str) -> str:
        return hmac.new(self._key, f"{content}\0{proof}".encode(errors="replace"), hashlib.sha256).hexdigest()


def _name_in(cookie: str) -> str | None:
    """Return the name that a cookie claims; None if it has none."""
    parts = cookie.split(".")
    try:
        return bytes.fromhex(parts[2]).decode() if len(parts) == 4 else None
    except ValueError:
        return None
