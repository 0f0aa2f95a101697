"""OTLP over HTTP: the response to one request. OTLP 1.x, protobuf and JSON."""

import asyncio
import functools
import logging
from collections.abc import Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from obsv.analysis.markdown import visible
from obsv.errors import ObsvError
from obsv.otlp.access import Access
from obsv.otlp.compression import too_large
from obsv.otlp.failures import Unsupported, WrongMethod, WrongPlace, answer_to
from obsv.otlp.ingest import Ingest
from obsv.otlp.quotas import Claim
from obsv.otlp.signals import SIGNALS, answer
from obsv.otlp.status import GREETING, JSON, PROTOBUF, error_body
from obsv.otlp.work import work_of
from obsv.trace.notices import Notices
from obsv.wire.errors import BadRequest

logger = logging.getLogger("obsv")

TRACES = "/v1/traces"
MAX_BODY = 64 * 2**20
READ_TIMEOUT_S = 60.0
_SIGNALS = {signal.path: signal for signal in SIGNALS}


class HttpReceiver:
    """A server for OTLP/HTTP requests; an ASGI application, and an endpoint for others.

    Args:
        ingest: receives the spans.
        access: access control.
        max_body: maximum bytes of a decompressed request.
    """

    def __init__(self, ingest: Ingest, access: Access, max_body: int = MAX_BODY) -> None:
        self._ingest = ingest
        self._access = access
        self._max_body = max_body
        self._notices = Notices()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] == "http":
            response = await self.answer(Request(scope, receive))
            await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        """Return the response to a request under any path."""
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        cors: dict[str, str] = {}
        try:
            self._access.check_host(request.headers.get("host", ""))
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=self._access.preflight(request.headers))
            cors = self._access.cors(request.headers)
            address = request.client.host if request.client else ""
            sender = self._access.sender_of(request.headers.get("authorization"), address)
            if GREETING in request.headers:
                return Response(b"", headers={GREETING: "1"}, media_type=PROTOBUF)
            body = await self._accept(request, content_type, self._ingest.quotas.begin(sender, address))
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except Exception as error:
            return _failure(error, content_type, cors)
        return Response(body, headers=cors, media_type=content_type)

    async def _accept(self, request: Request, content_type: str, claim: Claim) -> bytes:
        path = request.url.path.rstrip("/")
        signal = _SIGNALS.get(path)
        if signal is None:
            raise self._wrong_place(path)
        if request.method != "POST":
            raise WrongMethod(f"{path} accepts only POST; it is the endpoint for OpenTelemetry exporters.")
        if content_type not in (PROTOBUF, JSON):
            raise Unsupported(f"Content-Type must be {PROTOBUF} or {JSON}, not {content_type!r}.")
        body = await self._read(request, claim)
        encoding, connection = request.headers.get("content-encoding", ""), "%s:%s" % (request.client or ("", 0))
        work = functools.partial(work_of, body, encoding, content_type, self._max_body, signal)
        received = await asyncio.wrap_future(self._ingest.accept(body, work, connection, claim))
        return answer(signal, received, content_type)

    def _wrong_place(self, path: str) -> WrongPlace:
        if "/v1/" not in path or not path.endswith(TRACES):
            return WrongPlace(f"There is nothing at {path or '/'}; send spans to {TRACES}.")
        said = (
            f"There is nothing at {path}; send spans to {TRACES}. The sender adds this path to its endpoint: give it "
            "the address without a path, or the full one as OTEL_EXPORTER_OTLP_TRACES_ENDPOINT."
        )
        # Senders show only the status.
        self._notices.once("place", logging.WARNING, "Spans of a sender were refused. %s", visible(said[:500]))
        return WrongPlace(said)

    async def _read(self, request: Request, claim: Claim) -> bytes:
        if int(request.headers.get("content-length", "0")) > self._max_body:
            raise too_large(self._max_body)
        chunks: list[bytes] = []
        try:
            await asyncio.wait_for(self._gather(request, chunks, claim), READ_TIMEOUT_S)
        except BaseException as error:
            self._ingest.release(claim)
            if isinstance(error, asyncio.TimeoutError):
                raise BadRequest(f"The body did not arrive within {READ_TIMEOUT_S:g} s.") from None
            raise
        return b"".join(chunks)

    async def _gather(self, request: Request, chunks: list[bytes], claim: Claim) -> None:
        size = 0
        async for chunk in request.stream():
            self._ingest.reserve(len(chunk), claim)
            chunks.append(chunk)
            size += len(chunk)
            if size > self._max_body:
                raise too_large(self._max_body)


def _failure(error: Exception, content_type: str, cors: Mapping[str, str]) -> Response:
    answer = answer_to(error)
    if not isinstance(error, ObsvError):
        logger.error("A request over OTLP/HTTP failed.", exc_info=error)
    # A request that is not OTLP gets readable JSON.
    encoding = PROTOBUF if content_type == PROTOBUF else JSON
    headers = dict(cors)
    if answer.retry_after_s is not None:
        headers["retry-after"] = str(answer.retry_after_s)
    if answer.http == 401:
        headers["www-authenticate"] = 'Bearer realm="obsv"'
    if answer.http == 405:
        headers["allow"] = "POST, OPTIONS"
    return Response(error_body(error, encoding), answer.http, headers, encoding)
