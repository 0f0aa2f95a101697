"""Access control for senders of spans: the rules of the app, with responses that senders understand.

On loopback without a token, everyone on this machine may send; with `OBSV_TOKEN` or senders in the users file, every
request needs that token or a sender's as a bearer token (over gRPC in the metadata). A web page may send if its origin
is allowed.
"""

import hmac
import time
from collections.abc import Callable, Iterable, Mapping

from obsv.hosts import KnownHosts, is_same_origin
from obsv.otlp.failures import Forbidden, TooManyGuesses, Unauthorized, UsersUnreadable
from obsv.web.attempts import Attempts
from obsv.web.senders import Sender, Senders

PREFLIGHT_AGE_S = 600
_UNREADABLE = "The users file of this server is invalid at the moment; its log says why."


class Access:
    """The rules.

    Args:
        bind: address on which the server listens.
        token: the secret of `OBSV_TOKEN`; None if everyone on this machine may send.
        names: additional host names of the server (`OBSV_ALLOWED_HOSTS`).
        origins: origins of pages that may send (`OBSV_CORS_ORIGINS`), as `https://shop.example`; `*` allows all.
        attempts: counts wrong tokens, including those received elsewhere.
        senders: returns the senders with tokens of their own.
    """

    def __init__(
        self,
        bind: str = "127.0.0.1",
        token: str | None = None,
        names: Iterable[str] = (),
        origins: Iterable[str] = (),
        attempts: Attempts | None = None,
        senders: Callable[[], Senders] = Senders,
    ) -> None:
        self._attempts = attempts or Attempts()
        self._hosts = KnownHosts(bind, names)
        self._token = token.encode() if token else None
        self._senders = senders
        self._origins = {origin.rstrip("/").lower() for origin in origins}

    def check_host(self, host: str) -> None:
        """Refuse a Host header that is not this server's: a page on a domain that resolves to this server.

        Raises:
            Forbidden: it is not.
        """
        if host not in self._hosts:
            raise Forbidden(
                f"This server is not {host!r}. If it should be reachable by that name, add it to OBSV_ALLOWED_HOSTS."
            )

    def sender_of(self, authorization: str | None, address: str) -> Sender:
        """Return who sends a request, by its token.

        Args:
            authorization: `Bearer <token>`, the HTTP header or the gRPC metadata of that name.
            address: address of the sender.

        Raises:
            Unauthorized: the token is missing or wrong.
            TooManyGuesses: it was wrong too often.
            UsersUnreadable: it was that of a sender, but the file of senders is invalid at the moment, or it may be.
        """
        known = self._senders()
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else ""
        if self._token is not None and hmac.compare_digest(token.encode(errors="replace"), self._token):
            return Sender("OBSV_TOKEN", limits=known.limits)
        if token and (found := known.by_token(token)) is not None:
            return found
        # Who removes the last sender from the file, or makes it invalid, does not admit everyone by that.
        if not (self._token or known.members or known.were_there):
            return Sender(limits=known.limits)
        if token and known.was_known(token):
            raise UsersUnreadable(_UNREADABLE)
        if authorization and self._attempts.failed(address, time.monotonic()):
            raise TooManyGuesses("Too many wrong tokens came from your address; wait a minute.")
        if not known.is_readable:
            raise UsersUnreadable(_UNREADABLE)
        raise Unauthorized(
            "Send the token of OBSV_TOKEN, or your own; at the sender: "
            "OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20<token>"
        )

    def cors(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return headers that let a page of another origin read the response; none if no such page sent the request.

        Raises:
            Forbidden: a page of an origin that is not allowed.
        """
        origin = headers.get("origin")
        if origin is None or is_same_origin(origin, headers.get("host", "")):
            return {}
        if not {"*", origin.rstrip("/").lower()} & self._origins:
            raise Forbidden(f"Pages of {origin} may not send spans here; add the origin to OBSV_CORS_ORIGINS.")
        # A browser's sendBeacon, used by older SDKs, always sends credentials; cookies are ignored here.
        allowed = {"access-control-allow-origin": origin, "access-control-allow-credentials": "true"}
        return allowed | {"vary": "origin"}

    def preflight(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return headers of the response to a page's OPTIONS request; a browser sends it without the token.

        Raises:
            Forbidden: a page of an origin that is not allowed.
        """
        asked = headers.get("access-control-request-headers", "content-type")
        answer = self.cors(headers) | {
            "access-control-allow-methods": "POST",
            "access-control-allow-headers": asked,
            "access-control-max-age": str(PREFLIGHT_AGE_S),
        }
        if "access-control-request-private-network" in headers:  # a public page requests access to this machine
            answer["access-control-allow-private-network"] = "true"
        return answer
