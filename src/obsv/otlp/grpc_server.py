"""OTLP over gRPC: a server for the `Export` calls of traces, metrics and logs."""

import functools
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc

from obsv.errors import ConfigurationError, ObsvError
from obsv.otlp.access import Access
from obsv.otlp.failures import answer_to, message_of
from obsv.otlp.http import MAX_BODY, READ_TIMEOUT_S
from obsv.otlp.ingest import Ingest
from obsv.otlp.signals import SIGNALS, Signal, refuse
from obsv.otlp.status import PROTOBUF, status_of, success
from obsv.wire.errors import BadRequest
from obsv.wire.protobuf import decode_protobuf

logger = logging.getLogger("obsv")

TRACE_SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"
# Each waits for its commit; more calls than this wait in the connection's flow control.
WORKERS = 16
_CODES = {code.value[0]: code for code in grpc.StatusCode}

Answer = Callable[[bytes], bytes]


class GrpcReceiver:
    """Answers OTLP/gRPC calls.

    Args:
        ingest: where spans go.
        access: who may send.
        address: `host:port`; port 0 takes a free one.
        max_body: bytes of a request, decompressed; gRPC refuses larger ones itself, with RESOURCE_EXHAUSTED.

    Raises:
        ConfigurationError: the address cannot be listened on.
    """

    def __init__(self, ingest: Ingest, access: Access, address: str, max_body: int = MAX_BODY) -> None:
        self._ingest = ingest
        self._access = access
        self._server = grpc.server(
            ThreadPoolExecutor(WORKERS, thread_name_prefix="obsv-grpc"),
            options=[
                ("grpc.max_receive_message_length", max_body),
                # Else a second server would share the port without a word, and get half of the spans.
                ("grpc.so_reuseport", 0),
            ],
        )
        self._serve(TRACE_SERVICE, self._traces)
        for signal in SIGNALS:
            self._serve(signal.service, functools.partial(_refuse, signal))
        try:
            self.port = self._server.add_insecure_port(address)
        except RuntimeError:
            raise ConfigurationError(f"Cannot listen on {address} for OTLP/gRPC: is the port taken?") from None

    def _serve(self, service: str, answer: Answer) -> None:
        def handle(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
            try:
                self._access.check_token(_authorization(context))
                return answer(_message(requests, context))
            except grpc.RpcError:
                return b""  # nobody reads it: the sender has gone, or was cut off
            except Exception as error:
                _abort(context, error)

        # Requests stay bytes: they are parsed where damage in one span does not cost the others. On the wire a stream
        # of one is the same as a single request; but for that gRPC waits without end, and a few calls hold all workers.
        method: Any = grpc.stream_unary_rpc_method_handler(handle)
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": method}),))

    def start(self) -> None:
        """Begin to listen."""
        self._server.start()

    def stop(self, grace_s: float = 5.0) -> None:
        """Take no more calls; give those on their way some time."""
        self._server.stop(grace_s).wait(grace_s + 1)

    def _traces(self, body: bytes) -> bytes:
        self._ingest.reserve(len(body))
        return success(self._ingest.submit(len(body), lambda maker: decode_protobuf(body, maker)).result())


def _refuse(signal: Signal, body: bytes) -> bytes:
    return refuse(signal, body, PROTOBUF)


def _message(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
    timer = threading.Timer(READ_TIMEOUT_S, context.cancel)
    timer.start()
    try:
        for body in requests:
            return body
    finally:
        timer.cancel()
    raise BadRequest("The call ended without a request.")


def _authorization(context: grpc.ServicerContext) -> str | None:
    values = dict(context.invocation_metadata())
    found = values.get("authorization")
    return found if isinstance(found, str) else None


def _abort(context: grpc.ServicerContext, error: Exception) -> NoReturn:
    if not isinstance(error, ObsvError):
        logger.error("A request over OTLP/gRPC failed.", exc_info=error)
    context.set_trailing_metadata((("grpc-status-details-bin", status_of(error).SerializeToString()),))
    context.abort(_CODES[answer_to(error).grpc], message_of(error))
