"""Who may send spans: the rules of the app, with answers that senders understand.

On loopback without a token everybody on this machine may send; with `OBSV_TOKEN` every request needs it as a bearer
token (over gRPC in the metadata). A page in a browser may send when its origin was permitted.
"""

import hmac
import time
from collections.abc import Iterable, Mapping

from obsv.hosts import KnownHosts, is_same_origin
from obsv.otlp.failures import Forbidden, TooManyGuesses, Unauthorized
from obsv.web.attempts import Attempts

PREFLIGHT_AGE_S = 600


class Access:
    """The rules.

    Args:
        bind: address that the server listens on.
        token: the secret of `OBSV_TOKEN`; None where everybody on this machine may send.
        names: further host names of the server (`OBSV_ALLOWED_HOSTS`).
        origins: origins of pages that may send (`OBSV_CORS_ORIGINS`), as `https://shop.example`; `*` is all.
        attempts: counts wrong tokens, those that came elsewhere too.
    """

    def __init__(
        self,
        bind: str = "127.0.0.1",
        token: str | None = None,
        names: Iterable[str] = (),
        origins: Iterable[str] = (),
        attempts: Attempts | None = None,
    ) -> None:
        self._attempts = attempts or Attempts()
        self._hosts = KnownHosts(bind, names)
        self._token = token.encode() if token else None
        self._origins = {origin.rstrip("/").lower() for origin in origins}

    def check_host(self, host: str) -> None:
        """Refuse a Host header that is not this server's: a page on a domain that was pointed here.

        Raises:
            Forbidden: it is not.
        """
        if host not in self._hosts:
            raise Forbidden(
                f"This server is not {host!r}. If it should be reachable by that name, list it in OBSV_ALLOWED_HOSTS."
            )

    def check_token(self, authorization: str | None, address: str) -> None:
        """Refuse a request without the token.

        Args:
            authorization: `Bearer <token>`, the HTTP header or the gRPC metadata of that name.
            address: of the sender.

        Raises:
            Unauthorized: the token is missing or wrong.
            TooManyGuesses: it was wrong too often.
        """
        if self._token is None:
            return
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(errors="replace"), self._token):
            return
        if authorization and self._attempts.failed(address, time.monotonic()):
            raise TooManyGuesses("Too many wrong tokens came from your address; wait a minute.")
        raise Unauthorized(
            "Send the token of OBSV_TOKEN; at the sender: OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20<token>"
        )

    def cors(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers that let the page that sent a request read the answer; none where no page of another origin did.

        Raises:
            Forbidden: a page of an origin that was not permitted.
        """
        origin = headers.get("origin")
        if origin is None or is_same_origin(origin, headers.get("host", "")):
            return {}
        if not {"*", origin.rstrip("/").lower()} & self._origins:
            raise Forbidden(f"Pages of {origin} may not send spans here; list the origin in OBSV_CORS_ORIGINS.")
        # A browser's sendBeacon, which older SDKs send with, always has credentials; no cookie is looked at here.
        allowed = {"access-control-allow-origin": origin, "access-control-allow-credentials": "true"}
        return allowed | {"vary": "origin"}

    def preflight(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers of the answer to a page's OPTIONS request; a browser sends it without the token.

        Raises:
            Forbidden: a page of an origin that was not permitted.
        """
        asked = headers.get("access-control-request-headers", "content-type")
        answer = self.cors(headers) | {
            "access-control-allow-methods": "POST",
            "access-control-allow-headers": asked,
            "access-control-max-age": str(PREFLIGHT_AGE_S),
        }
        if "access-control-request-private-network" in headers:  # a public page asking for this machine
            answer["access-control-allow-private-network"] = "true"
        return answer
