"""Requests to another OTLP receiver: one attempt over HTTP or gRPC, and the meaning of its response."""

import gzip
import http.client
import ssl
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import SplitResult, urlsplit

from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.util.re import parse_env_headers

from obsv.errors import ConfigurationError
from obsv.exporters.otlp import GRPC, LOGS, TRACES, protocol_of, signal_url
from obsv.otlp.status import GREETING, PROTOBUF

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
EXPORT_LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
RETRIED = (429, 502, 503, 504)
TIMEOUT_S = 30.0
MAX_RESPONSE = 4 * 2**20


class Reply(NamedTuple):
    """The outcome of an attempt.

    Args:
        taken: whether the receiver has the request; then nothing is sent again.
        rejected: number of spans that it nevertheless rejected.
        message: its message, or why there is no response.
        retry_after_s: retry delay in seconds; None if retrying is useless. 0 leaves the time to the sender.
        code: code of its refusal: an HTTP status or the name of a gRPC code; empty without a response.
        is_obsv: whether the receiver says that it is obsv.
    """

    taken: bool
    rejected: int = 0
    message: str = ""
    retry_after_s: float | None = None
    code: str = ""
    is_obsv: bool = False


class Sender(Protocol):
    """A connection to a receiver."""

    def send(self, body: bytes, *, is_greeting: bool = False) -> Reply:
        """Make one attempt; a greeting is an empty request that asks an obsv who it is."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


def sender_to(endpoint: str, environment: Mapping[str, str], logs: bool = False) -> Sender:
    """Return the sender for an endpoint.

    Args:
        endpoint: base address or full one, `http://…` or `https://…`.
        environment: `OTEL_EXPORTER_OTLP_PROTOCOL`, `_HEADERS`, `_CERTIFICATE`, `_CLIENT_KEY` and `_CLIENT_CERTIFICATE`,
            each
            also with `TRACES_`.
        logs: whether to send log records, to the same receiver.

    Raises:
        ConfigurationError: the endpoint or a variable is invalid.
    """
    settings = _Settings.of(environment)
    address = endpoint if "://" in endpoint else f"http://{endpoint}"
    parts_of(endpoint)
    if protocol_of(address, environment) == GRPC:
        return GrpcSender(address, settings, EXPORT_LOGS if logs else EXPORT)
    return HttpSender(signal_url(address, LOGS if logs else TRACES), settings)


def parts_of(endpoint: str) -> SplitResult:
    """Return the parts of an endpoint.

    Raises:
        ConfigurationError: it is not a valid one.
    """
    try:
        parts = urlsplit(endpoint if "://" in endpoint else f"http://{endpoint}")
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets without an IPv6 address, a port that is no number
        is_good = False
    if not is_good:
        raise ConfigurationError(f"An endpoint must be http://HOST:PORT or https://HOST:PORT, not {endpoint!r}.")
    return parts


class _Settings(NamedTuple):
    headers: dict[str, str]
    certificate: str | None
    client_key: str | None
    client_certificate: str | None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "_Settings":
        def find(name: str) -> str | None:
            specific, general = f"OTEL_EXPORTER_OTLP_TRACES_{name}", f"OTEL_EXPORTER_OTLP_{name}"
            return environment.get(specific) or environment.get(general) or None

        headers = parse_env_headers(find("HEADERS") or "", liberal=True)
        return cls(dict(headers), find("CERTIFICATE"), find("CLIENT_KEY"), find("CLIENT_CERTIFICATE"))


class HttpSender:
    """OTLP/HTTP: protobuf, gzip, one persistent connection."""

    def __init__(self, url: str, settings: _Settings) -> None:
        parts = urlsplit(url)
        self._path = parts.path + (f"?{parts.query}" if parts.query else "")
        self._headers = {"content-type": PROTOBUF, "content-encoding": "gzip", "user-agent": "obsv"} | settings.headers
        self._connect: Callable[[], http.client.HTTPConnection]
        assert parts.hostname is not None
        host, port = parts.hostname, parts.port
        if parts.scheme == "https":
            context = _context(settings)
            self._connect = lambda: http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
        else:
            self._connect = lambda: http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        self._connection = self._connect()

    def send(self, body: bytes, *, is_greeting: bool = False) -> Reply:
        """Make one attempt; a connection that was closed meanwhile is opened again."""
        headers = self._headers | ({GREETING: "1"} if is_greeting else {})
        try:
            self._connection.request("POST", self._path, gzip.compress(body, 1), headers)
            response = self._connection.getresponse()
            content = response.read(MAX_RESPONSE)
        except ssl.SSLError as error:  # the same error would occur again
            self.close()
            return Reply(False, message=f"{type(error).__name__}: {error}")
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Reply(False, message=f"{type(error).__name__}: {error}", retry_after_s=0)
        if not response.isclosed():  # more than anybody reads
            self.close()
        return _http_reply(response, content)

    def close(self) -> None:
        """Close the connection; the next attempt opens another."""
        self._connection.close()
        self._connection = self._connect()


def _http_reply(response: http.client.HTTPResponse, content: bytes) -> Reply:
    if response.status == 200:
        return _taken(content)._replace(is_obsv=GREETING in response.headers)
    retry_after_s = None
    if response.status in RETRIED:
        advice = response.headers.get("retry-after", "")
        retry_after_s = float(advice) if advice.isdecimal() else 0.0
    message = f"HTTP {response.status} {_message(content)}".strip()
    return Reply(False, message=message, retry_after_s=retry_after_s, code=str(response.status))


def _message(content: bytes) -> str:
    try:
        return str(Status.FromString(content).message)
    except DecodeError:
        return content[:200].decode("utf-8", "replace")


def _taken(content: bytes) -> Reply:
    try:
        partial = ExportTraceServiceResponse.FromString(content).partial_success
    except DecodeError:
        return Reply(True, message="the response is not OTLP; check that the endpoint is a collector")
    return Reply(True, partial.rejected_spans, partial.error_message)


def _context(settings: _Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.certificate)
        if settings.client_certificate:
            context.load_cert_chain(settings.client_certificate, settings.client_key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"A certificate of OTEL_EXPORTER_OTLP_* cannot be read: {error}.") from error
    return context


class GrpcSender:
    """OTLP/gRPC on one channel, gzip."""

    def __init__(self, url: str, settings: _Settings, method: str = EXPORT) -> None:
        import grpc

        self._grpc: Any = grpc
        parts = urlsplit(url)
        target = parts.netloc
        options = [("grpc.max_receive_message_length", MAX_RESPONSE)]
        if parts.scheme == "https":
            credentials = grpc.ssl_channel_credentials(
                _read(settings.certificate), _read(settings.client_key), _read(settings.client_certificate)
            )
            self._channel: Any = grpc.secure_channel(target, credentials, options)
        else:
            self._channel = grpc.insecure_channel(target, options)
        self._call = self._channel.unary_unary(method)
        self._metadata = [(key.lower(), value) for key, value in settings.headers.items()]

    def send(self, body: bytes, *, is_greeting: bool = False) -> Reply:
        """Make one attempt."""
        metadata = self._metadata + ([(GREETING, "1")] if is_greeting else [])
        try:
            content, call = self._call.with_call(
                body, timeout=TIMEOUT_S, metadata=metadata, compression=self._grpc.Compression.Gzip
            )
        except self._grpc.RpcError as error:
            return _grpc_reply(error)
        return _taken(content)._replace(is_obsv=GREETING in dict(call.trailing_metadata() or ()))

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


_GRPC_RETRIED = ("CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS")


def _grpc_reply(error: Any) -> Reply:
    advice_s = _advice_s(error)
    name = error.code().name
    # For an exhausted resource, only the retry delay in the response tells whether it recovers.
    retried = name in _GRPC_RETRIED or (name == "RESOURCE_EXHAUSTED" and advice_s is not None)
    message = f"gRPC {name} {error.details()}"
    return Reply(False, message=message, retry_after_s=(advice_s or 0.0) if retried else None, code=name)


def _advice_s(error: Any) -> float | None:
    details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
    if not isinstance(details, bytes):
        return None
    retry = RetryInfo()
    try:
        found = any(detail.Unpack(retry) for detail in Status.FromString(details).details)
    except DecodeError:
        return None
    return float(retry.retry_delay.ToTimedelta().total_seconds()) if found else None


def _read(path: str | None) -> bytes | None:
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ConfigurationError(f"A certificate of OTEL_EXPORTER_OTLP_* cannot be read: {error}.") from error
