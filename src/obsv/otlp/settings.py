"""Settings of OTLP reception: addresses and access."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from obsv.errors import ConfigurationError
from obsv.hosts import is_loopback
from obsv.otlp.http import MAX_BODY
from obsv.otlp.ingest import MAX_BYTES
from obsv.otlp.kafka import KafkaAddress
from obsv.store.writing import MOST_SERIES
from obsv.web.senders import Senders
from obsv.web.tls import Certificate


class Address(NamedTuple):
    """An address to listen on.

    Args:
        host: name or address.
        port: TCP port; 0 selects a free one.
        optional: whether to continue without it, after a log message, if another program has the port.
    """

    host: str
    port: int
    optional: bool = False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> "Address | None":
        """Parse an address from `HOST:PORT`; None from `off`.

        Raises:
            ConfigurationError: the text is neither.
        """
        if text.strip().lower() == "off":
            return None
        host, _, port = text.strip().rpartition(":")
        if not port.isdecimal() or int(port) > 65_535 or not host:
            raise ConfigurationError(f"An address must be HOST:PORT or off, not {text!r}.")
        return cls(host.strip("[]"), int(port))


# Nobody requested these two ports, and a collector on the same machine may have them.
GRPC, HTTP = Address("127.0.0.1", 4317, optional=True), Address("127.0.0.1", 4318, optional=True)


@dataclass(frozen=True, slots=True)
class ReceiverSettings:
    """Settings of the receiver.

    Attributes:
        db: path of the store; it is created when the first span arrives.
        grpc: address for gRPC; None disables it.
        http: address for HTTP; None disables it.
        token: the secret that senders must present; None allows everyone on this machine.
        allowed_hosts: additional host names of the server.
        cors_origins: origins of web pages that may send; `*` allows all.
        max_body: maximum bytes of one decompressed request.
        max_bytes: maximum bytes of all requests in memory.
        kafka: brokers and topics to read too; None reads none.
        aside: path beside which messages of Kafka are kept that cannot be stored; None: `db`.
        senders: returns the senders with tokens of their own.
        tls: the certificate of the ports; None receives without TLS.
        most_series: series of metrics that are kept of one service.
    """

    db: Path
    grpc: Address | None = GRPC
    http: Address | None = HTTP
    token: str | None = field(default=None, repr=False)
    allowed_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    max_body: int = MAX_BODY
    max_bytes: int = MAX_BYTES
    kafka: KafkaAddress | None = None
    aside: Path | None = None
    senders: Callable[[], Senders] = Senders
    tls: Certificate | None = None
    most_series: int = MOST_SERIES

    def check(self) -> None:
        """Refuse settings that are not safe.

        Raises:
            ConfigurationError: an address reachable from other machines without a token.
        """
        for address in (self.grpc, self.http):
            if address is not None and not is_loopback(address.host) and not (self.token or self.senders().members):
                raise ConfigurationError(
                    f"Refusing to receive OTLP on {address}: anyone who can reach it could fill the database. "
                    "Set OBSV_TOKEN to a secret, name senders in the users file, or listen on 127.0.0.1."
                )


def split(text: str | None) -> tuple[str, ...]:
    """Return the parts of a comma-separated setting, such as `OBSV_CORS_ORIGINS`."""
    return tuple(filter(None, (part.strip() for part in (text or "").split(","))))
