"""Where and from whom OTLP is received."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from obsv.errors import ConfigurationError
from obsv.hosts import is_loopback
from obsv.otlp.http import MAX_BODY
from obsv.otlp.ingest import MAX_BYTES


class Address(NamedTuple):
    """Where to listen.

    Args:
        host: name or address.
        port: TCP port; 0 takes a free one.
        optional: whether to go on without it, after a word in the log, when another program has the port.
    """

    host: str
    port: int
    optional: bool = False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> "Address | None":
        """An address from `HOST:PORT`; None from `off`.

        Raises:
            ConfigurationError: it is neither.
        """
        if text.strip().lower() == "off":
            return None
        host, _, port = text.strip().rpartition(":")
        if not port.isdecimal() or int(port) > 65_535 or not host:
            raise ConfigurationError(f"An address is HOST:PORT or off, not {text!r}.")
        return cls(host.strip("[]"), int(port))


# Nobody asked for these two ports, and a collector on the same machine may have them.
GRPC, HTTP = Address("127.0.0.1", 4317, optional=True), Address("127.0.0.1", 4318, optional=True)


@dataclass(frozen=True, slots=True)
class ReceiverSettings:
    """How spans are received.

    Attributes:
        db: path of the store; it is made when the first span comes.
        grpc: where to listen for gRPC; None for nowhere.
        http: where to listen for HTTP; None for nowhere.
        token: the secret that senders must show; None for everybody on this machine.
        allowed_hosts: further names the server is known by.
        cors_origins: origins of pages in a browser that may send; `*` is all.
        max_body: bytes of one request, decompressed.
        max_bytes: bytes of all requests in memory.
    """

    db: Path
    grpc: Address | None = GRPC
    http: Address | None = HTTP
    token: str | None = field(default=None, repr=False)
    allowed_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    max_body: int = MAX_BODY
    max_bytes: int = MAX_BYTES

    def check(self) -> None:
        """Refuse what is not safe.

        Raises:
            ConfigurationError: an address beyond this machine without a token.
        """
        for address in (self.grpc, self.http):
            if address is not None and not is_loopback(address.host) and not self.token:
                raise ConfigurationError(
                    f"Refusing to receive OTLP on {address}: everybody who reaches that address could fill the store. "
                    "Set OBSV_TOKEN to a secret, or listen on 127.0.0.1."
                )


def split(text: str | None) -> tuple[str, ...]:
    """The parts of a comma-separated setting, such as `OBSV_CORS_ORIGINS`."""
    return tuple(filter(None, (part.strip() for part in (text or "").split(","))))
