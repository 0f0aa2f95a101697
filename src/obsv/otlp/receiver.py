"""The OTLP receiver as one unit to start and stop: the ingest thread, a port for HTTP and one for gRPC."""

import logging
from collections.abc import Callable
from typing import TypeVar

from obsv.capture import Redactor
from obsv.errors import ConfigurationError
from obsv.otlp.access import Access
from obsv.otlp.dead_letters import DeadLetters
from obsv.otlp.grpc_server import GrpcReceiver
from obsv.otlp.http import HttpReceiver
from obsv.otlp.ingest import BATCH_ROWS, Ingest, RowStore
from obsv.otlp.kafka import KafkaReader
from obsv.otlp.port import HttpPort
from obsv.otlp.settings import Address, ReceiverSettings
from obsv.store.writing import Writer
from obsv.web.attempts import Attempts
from obsv.web.senders import SenderCounts, SenderLimits
from obsv.wire.rowmaker import RowMaker

logger = logging.getLogger("obsv")
P = TypeVar("P")

# How long a request waits for another process's lock on the file before its sender is told to retry.
BUSY_TIMEOUT_S = 5.0
INSERT_ROWS = 20_000


class Receiver:
    """The OTLP receiver.

    Args:
        settings: its settings.
        bind: the address of the server in which `endpoint` is mounted, if any.
        attempts: counts wrong tokens, including those sent to that server.
        into: where rows go instead of the database file.

    Attributes:
        endpoint: serves OTLP/HTTP requests of the server in which it is mounted.
        writer: writer of the store; the server's keeper also uses it.

    Raises:
        ConfigurationError: the settings are not safe, or an address is in use.
    """

    def __init__(
        self,
        settings: ReceiverSettings,
        bind: str = "127.0.0.1",
        attempts: Attempts | None = None,
        into: RowStore | None = None,
    ) -> None:
        settings.check()
        self.settings = settings
        self._attempts = attempts or Attempts()
        self.writer = Writer(settings.db, busy_timeout_s=BUSY_TIMEOUT_S, most_series=settings.most_series)
        # An insert takes longer than a transaction, and few large ones cost ClickHouse less than many small ones.
        rows = BATCH_ROWS if into is None else INSERT_ROWS
        maker = RowMaker(Redactor())
        self._ingest = Ingest(
            into or self.writer, maker, max_bytes=settings.max_bytes, batch_rows=rows, has_metrics=into is None
        )
        self.endpoint = HttpReceiver(self._ingest, self._access(bind), settings.max_body)
        self._bound = False
        self._http: HttpPort | None = None
        self._grpc: GrpcReceiver | None = None
        self._letters = DeadLetters(settings.aside or settings.db)
        self._kafka = None
        if settings.kafka:
            self._kafka = KafkaReader(settings.kafka, self._ingest, self._letters, settings.max_body)

    def _access(self, bind: str) -> Access:
        settings = self.settings
        return Access(
            bind, settings.token, settings.allowed_hosts, settings.cors_origins, self._attempts, settings.senders
        )

    def bind(self) -> None:
        """Bind the ports, so that `start` cannot fail.

        Raises:
            ConfigurationError: an address that is not optional is in use; no port is held then.
        """
        if self._bound:
            return
        settings = self.settings
        try:
            if settings.http is not None:
                app = HttpReceiver(self._ingest, self._access(settings.http.host), settings.max_body)
                self._http = _port(settings.http, lambda address: HttpPort(app, address, settings.tls))
            if settings.grpc is not None:
                access = self._access(settings.grpc.host)
                self._grpc = _port(
                    settings.grpc,
                    lambda address: GrpcReceiver(self._ingest, access, str(address), settings.max_body, settings.tls),
                )
        except ConfigurationError:
            if self._http is not None:
                self._http.close()
            raise
        self._bound = True

    def start(self) -> None:
        """Listen, and store received spans.

        Raises:
            ConfigurationError: see `bind`.
        """
        self.bind()
        if self._http is not None:
            self._http.start()
        if self._grpc is not None:
            self._grpc.start()
        if self._kafka is not None:
            self._kafka.start()

    def stop(self) -> None:
        """Accept no more, and store what waits."""
        if self._kafka is not None:
            self._kafka.stop()
        if self._http is not None:
            self._http.stop()
        if self._grpc is not None:
            self._grpc.stop()
        self._ingest.stop()

    def __str__(self) -> str:
        """Return where it listens."""
        names = {"grpc": "gRPC", "http": "HTTP"}
        places = [f"{names[protocol]} on {address}" for protocol, address in self.addresses.items() if address]
        if self.settings.kafka is not None:
            places.append(f"Kafka's {self.settings.kafka}")
        return ", ".join(places) or "only /v1/traces on the main port"

    @property
    def addresses(self) -> dict[str, str | None]:
        """Return where it listens, by protocol (`grpc`, `http`); None if it does not."""
        known = {"grpc": (self.settings.grpc, self.grpc_port), "http": (self.settings.http, self.http_port)}
        return {
            protocol: None if address is None or port is None else str(address._replace(port=port))
            for protocol, (address, port) in known.items()
        }

    @property
    def http_port(self) -> int | None:
        """Return the TCP port for HTTP; None if there is none."""
        return None if self._http is None else self._http.port

    @property
    def grpc_port(self) -> int | None:
        """Return the TCP port for gRPC; None if there is none."""
        return None if self._grpc is None else self._grpc.port

    @property
    def counts(self) -> dict[str, int]:
        """Return the numbers of requests, spans, duplicates, rejected spans, failed and overloaded requests."""
        return {**self._ingest.counts, "kept_letters": self._letters.count()}

    @property
    def senders(self) -> list[SenderCounts]:
        """Return what each sender has sent, and what was refused to it."""
        return self._ingest.quotas.counts()

    def limits(self, name: str) -> SenderLimits:
        """Return the limits of a sender."""
        known = self.settings.senders()
        return next((each.limits for each in known.members if each.name == name), known.limits)


def _port(address: Address, listen: Callable[[Address], P]) -> P | None:
    try:
        return listen(address)
    except ConfigurationError as error:
        if not address.optional:
            raise
        logger.warning("%s Spans are not received there.", error)
        return None
