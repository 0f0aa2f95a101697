"""TLS of the server's ports: one certificate, read again when its file changes."""

from __future__ import annotations

import logging
import ssl
import threading
from pathlib import Path
from typing import Any

from obsv.errors import ConfigurationError
from obsv.trace.notices import Notices

logger = logging.getLogger("obsv")
State = tuple[tuple[int, int, int], ...]


class Certificate:
    """A certificate with its key, in PEM files. Safe for several threads.

    Renewed files count for the next connection. While they do not fit each other, the previous certificate stays.

    Args:
        certificate: the file of the certificate, followed by those of intermediate authorities.
        key: the file of its private key, without a passphrase.

    Raises:
        ConfigurationError: the files cannot be read, or do not belong together.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate, self._key = certificate, key
        self._notices = Notices()
        self._lock = threading.Lock()  # guards the next two
        self._seen = self._state()
        self._current = self._read()

    def context(self) -> ssl.SSLContext:
        """Return the context of a listening port."""
        context = self._read()
        context.sni_callback = self._renew
        return context

    def grpc(self) -> Any:
        """Return gRPC's credentials of a listening port."""
        import grpc

        # gRPC asks at each handshake, and reads PEM itself.
        made, seen = grpc.ssl_server_certificate_configuration, [self._seen]

        def configuration() -> Any:
            return made([(self._key.read_bytes(), self._certificate.read_bytes())])

        def renewed() -> Any:
            self._look()
            with self._lock:
                if seen[0] == self._seen:
                    return None
                seen[0] = self._seen
            return configuration()

        return grpc.dynamic_ssl_server_credentials(configuration(), renewed, False)

    def _renew(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        self._look()
        connection.context = self._current

    def _look(self) -> None:
        with self._lock:
            state = self._state()
            if state == self._seen:
                return
            try:
                self._current = self._read()
            except ConfigurationError as error:
                self._notices.once("tls", logging.ERROR, "The previous certificate stays in use. %s", error)
                return
            self._seen = state
            if self._notices.over("tls"):
                logger.warning("The new certificate is in use.")

    def _read(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self._certificate, self._key, password=_no_passphrase)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"The certificate {self._certificate} with the key {self._key} cannot be used ({error}): both must be "
                "PEM files that belong together, and the key needs to be without a passphrase."
            ) from error
        return context

    def _state(self) -> State:
        try:
            found = [path.stat() for path in (self._certificate, self._key)]
        except OSError:
            return ()
        return tuple((each.st_mtime_ns, each.st_size, each.st_ino) for each in found)


def _no_passphrase() -> str:
    # Otherwise OpenSSL would ask at the terminal.
    return ""
