"""OTLP over gRPC: a server for the `Export` calls of traces, metrics and logs."""

import functools
import logging
from collections.abc import Iterator
from typing import Any, NoReturn

import grpc
from google.rpc.error_details_pb2 import RetryInfo

from obsv.errors import ConfigurationError, ObsvError
from obsv.otlp.access import Access
from obsv.otlp.compression import sniff
from obsv.otlp.failures import Overloaded, answer_to, message_of
from obsv.otlp.http import MAX_BODY, READ_TIMEOUT_S
from obsv.otlp.ingest import Ingest
from obsv.otlp.quotas import Claim
from obsv.otlp.reading import Reading, Workers
from obsv.otlp.signals import SIGNALS, Signal, answer
from obsv.otlp.status import GREETING, PROTOBUF, status_of
from obsv.otlp.work import work_of
from obsv.web.port import allow_files
from obsv.web.tls import Certificate
from obsv.wire.errors import BadRequest

logger = logging.getLogger("obsv")

# Each waits for its commit; half of them may wait for a message while other calls want a worker.
WORKERS = 16
# Calls waiting for a worker, two seconds' worth; further ones are told to retry.
MOST_WAITING = 1_000
# For the start of a connection, and for one without calls: senders pause for up to a minute.
HANDSHAKE_TIMEOUT_S, IDLE_TIMEOUT_S = 10.0, 300.0
# Bytes of a call's metadata, enough for tokens.
MAX_METADATA = 16 * 1024
# Bytes of a received message, twice gRPC's default: each worker may hold one before it is counted.
MAX_MESSAGE = 8 * 2**20
_CODES = {code.value[0]: code for code in grpc.StatusCode}


class GrpcReceiver:
    """A server for OTLP/gRPC calls.

    Args:
        ingest: receives the spans.
        access: access control.
        address: `host:port`; port 0 selects a free one.
        max_body: maximum bytes of a decompressed request; one received with more than MAX_MESSAGE is
            RESOURCE_EXHAUSTED.
        tls: the certificate; None serves without TLS.

    Raises:
        ConfigurationError: it cannot listen on the address.
    """

    def __init__(
        self, ingest: Ingest, access: Access, address: str, max_body: int = MAX_BODY, tls: Certificate | None = None
    ) -> None:
        self._ingest = ingest
        self._access = access
        self._max_body = max_body
        self._reading = Reading(READ_TIMEOUT_S, WORKERS // 2)
        self._workers = Workers(WORKERS, self._reading)
        self._server = grpc.server(
            self._workers,
            options=[
                ("grpc.max_allowed_incoming_connections", allow_files() // 2),
                ("grpc.server_handshake_timeout_ms", int(HANDSHAKE_TIMEOUT_S * 1e3)),
                ("grpc.max_connection_idle_ms", int(IDLE_TIMEOUT_S * 1e3)),
                ("grpc.max_metadata_size", MAX_METADATA),
                ("grpc.max_receive_message_length", min(MAX_MESSAGE, max_body)),
                # Decompressed here, within limits and in turn, like requests over HTTP.
                ("grpc.per_message_decompression", 0),
                # Otherwise a second server would silently share the port and get half of the spans.
                ("grpc.so_reuseport", 0),
            ],
        )
        for signal in SIGNALS:
            self._serve(signal)
        try:
            self.port = (
                self._server.add_secure_port(address, tls.grpc()) if tls else self._server.add_insecure_port(address)
            )
        except RuntimeError:
            raise ConfigurationError(
                f"Cannot listen on {address} for OTLP/gRPC; check whether the port is in use."
            ) from None

    def _serve(self, signal: Signal) -> None:
        def handle(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
            try:
                if self._workers.waiting > MOST_WAITING:
                    raise Overloaded("Too many calls are waiting to be read; try again later.")
                peer = context.peer()
                sender = self._access.sender_of(_authorization(context), peer.rpartition(":")[0])
                if GREETING in dict(context.invocation_metadata()):
                    context.set_trailing_metadata(((GREETING, "1"),))
                    return b""
                claim = self._ingest.quotas.begin(sender, peer.rpartition(":")[0])
                return self._answer(signal, self._message(requests, context), peer, claim)
            except grpc.RpcError:
                return b""  # nobody reads it: the sender has gone, or was disconnected
            except Exception as error:
                _abort(context, error)

        # Requests stay bytes: they are parsed where damage in one span does not affect the others. On the wire, a
        # stream of one message equals a single request; but for a single request gRPC waits without a time limit, and a
        # few calls would hold all workers.
        method: Any = grpc.stream_unary_rpc_method_handler(handle)
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(signal.service, {"Export": method}),)
        )

    def start(self) -> None:
        """Start listening."""
        self._reading.start()
        self._server.start()

    def stop(self, grace_s: float = 5.0) -> None:
        """Accept no more calls; give running ones some time."""
        self._server.stop(grace_s).wait(grace_s + 1)
        self._reading.stop()

    def _message(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        with self._reading.waiting(context):
            for body in requests:
                return body
        raise BadRequest("The call ended without a request.")

    def _answer(self, signal: Signal, body: bytes, peer: str, claim: Claim) -> bytes:
        self._ingest.reserve(len(body), claim)
        work = functools.partial(work_of, body, sniff(body), PROTOBUF, self._max_body, signal)
        received = self._ingest.accept(body, work, peer, claim).result()
        return answer(signal, received, PROTOBUF)


def _authorization(context: grpc.ServicerContext) -> str | None:
    values = dict(context.invocation_metadata())
    found = values.get("authorization")
    return found if isinstance(found, str) else None


def _abort(context: grpc.ServicerContext, error: Exception) -> NoReturn:
    if not isinstance(error, ObsvError):
        logger.error("A request over OTLP/gRPC failed.", exc_info=error)
    status = status_of(error)
    metadata = [("grpc-status-details-bin", status.SerializeToString())]
    # Python's SDK looks for the delay here; other SDKs, as the specification says, in the details.
    metadata += [("google.rpc.retryinfo-bin", each.value) for each in status.details if each.Is(RetryInfo.DESCRIPTOR)]
    context.set_trailing_metadata(tuple(metadata))
    context.abort(_CODES[answer_to(error).grpc], message_of(error))
