"""OTLP in, as one thing to start and stop: the ingest thread, a port for HTTP and one for gRPC."""

from obsv.capture import Redactor
from obsv.errors import ConfigurationError
from obsv.otlp.access import Access
from obsv.otlp.grpc_server import GrpcReceiver
from obsv.otlp.http import HttpReceiver
from obsv.otlp.ingest import Ingest
from obsv.otlp.port import HttpPort
from obsv.otlp.settings import ReceiverSettings
from obsv.store.writer import Writer
from obsv.wire.rowmaker import RowMaker

# How long a request waits for another process's lock on the file before its sender is told to try again.
BUSY_TIMEOUT_S = 5.0


class Receiver:
    """Receives OTLP.

    Args:
        settings: how.
        bind: the address of the server that `endpoint` is mounted in, where there is one.

    Attributes:
        endpoint: answers OTLP/HTTP requests of the server that it is mounted in.

    Raises:
        ConfigurationError: the settings are not safe, or an address is taken.
    """

    def __init__(self, settings: ReceiverSettings, bind: str = "127.0.0.1") -> None:
        settings.check()
        self.settings = settings
        writer = Writer(settings.db, busy_timeout_s=BUSY_TIMEOUT_S)
        self._ingest = Ingest(writer, RowMaker(Redactor()), max_bytes=settings.max_bytes)
        self.endpoint = HttpReceiver(self._ingest, self._access(bind), settings.max_body)
        self._http: HttpPort | None = None
        self._grpc: GrpcReceiver | None = None

    def _access(self, bind: str) -> Access:
        return Access(bind, self.settings.token, self.settings.allowed_hosts, self.settings.cors_origins)

    def start(self) -> None:
        """Listen, and start to store.

        Raises:
            ConfigurationError: an address is taken; nothing listens then.
        """
        http, grpc = self.settings.http, self.settings.grpc
        if http is not None:
            app = HttpReceiver(self._ingest, self._access(http.host), self.settings.max_body)
            self._http = HttpPort(app, http)
        try:
            if grpc is not None:
                access = self._access(grpc.host)
                self._grpc = GrpcReceiver(self._ingest, access, str(grpc), self.settings.max_body)
        except ConfigurationError:
            if self._http is not None:
                self._http.listener.close()
            raise
        self._ingest.start()
        if self._http is not None:
            self._http.start()
        if self._grpc is not None:
            self._grpc.start()

    def stop(self) -> None:
        """Take no more, and store what waits."""
        if self._http is not None:
            self._http.stop()
        if self._grpc is not None:
            self._grpc.stop()
        self._ingest.stop()

    @property
    def http_port(self) -> int | None:
        """The TCP port for HTTP; None where there is none."""
        return None if self._http is None else self._http.port

    @property
    def grpc_port(self) -> int | None:
        """The TCP port for gRPC; None where there is none."""
        return None if self._grpc is None else self._grpc.port

    @property
    def counts(self) -> dict[str, int]:
        """How many requests, spans, duplicates, rejected (spans), failed and overloaded (requests) there were."""
        return dict(self._ingest.counts)
