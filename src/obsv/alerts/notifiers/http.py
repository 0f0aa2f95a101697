"""One HTTP request with a total time limit: it also ends if a receiver sends one byte every few seconds."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from obsv.alerts.retry import Answer, of_http
from obsv.errors import ConfigurationError
from obsv.semconv import VERSION

_MOST_READ = 4_096


def post(url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Answer:
    """Post a body. Redirects are not followed, because they could send secrets elsewhere.

    Args:
        url: http or https.
        body: the body to send.
        headers: headers in addition to those of every request.
        timeout_s: limit for the whole exchange.

    Raises:
        ConfigurationError: the address is invalid.
        OSError, http.client.HTTPException: there was no response.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"The address cannot be used: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError("The address must begin with http:// or https://.")
    connection = _connection(parts.scheme, parts.hostname, port, timeout_s)
    watchdog = threading.Timer(timeout_s, _cut_off, [connection])
    watchdog.daemon = True
    watchdog.start()
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, {"User-Agent": f"obsv/{VERSION}", **headers})
        answer = connection.getresponse()
        text = _beginning(answer).decode("utf-8", "replace")
        return of_http(answer.status, text, answer.headers.get("Retry-After"), time.time())
    finally:
        watchdog.cancel()
        connection.close()


def _beginning(answer: http.client.HTTPResponse) -> bytes:
    """Return the beginning of a body; its status counts, even if the receiver hangs up after it."""
    try:
        return answer.read(_MOST_READ)
    except http.client.IncompleteRead as error:
        return error.partial
    except (OSError, http.client.HTTPException):
        return b""


def post_json(url: str, document: Any, timeout_s: float, headers: Mapping[str, str] | None = None) -> Answer:
    """Post a JSON document."""
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    return post(url, body, {"Content-Type": "application/json", **(headers or {})}, timeout_s)


def _connection(scheme: str, host: str, port: int | None, timeout_s: float) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=timeout_s)
    return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=ssl.create_default_context())


def _cut_off(connection: http.client.HTTPConnection) -> None:
    held = connection.sock
    if held is not None:
        try:
            held.shutdown(socket.SHUT_RDWR)
        except OSError:
            held.close()
