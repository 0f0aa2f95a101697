"""TLS of all ports, and renewal of the certificate."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest
from otlp_requests import request, span

from obsv.errors import ConfigurationError
from obsv.otlp.receiver import Receiver
from obsv.otlp.senders import sender_to
from obsv.otlp.settings import Address, ReceiverSettings
from obsv.web.tls import Certificate

x509 = pytest.importorskip("cryptography.x509")
ONE = request(span()).SerializeToString()
PROTOBUF = {"content-type": "application/x-protobuf"}
ANY = Address("127.0.0.1", 0)


def write(certificate: Path, key: Path, serial: int) -> None:
    """Write a self-signed certificate of 127.0.0.1, and its key."""
    from ipaddress import ip_address

    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "obsv")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, private.public_key(), serial, now - timedelta(1), now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(private, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    for path, content in ((certificate, made.public_bytes(pem)), (key, private.private_bytes(pem, *plain))):
        beside = path.with_suffix(".new")
        beside.write_bytes(content)
        os.replace(beside, path)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    found = tmp_path / "cert.pem", tmp_path / "key.pem"
    write(*found, serial=1)
    return found


@pytest.fixture
def receiver(files: tuple[Path, Path], tmp_path: Path) -> Callable[[], Receiver]:
    return lambda: Receiver(ReceiverSettings(tmp_path / "o.db", ANY, ANY, tls=Certificate(*files)))


def test_all_protocols_and_a_renewed_certificate(
    files: tuple[Path, Path], receiver: Callable[[], Receiver], caplog: pytest.LogCaptureFixture
) -> None:
    """A new connection gets the new certificate; while the files do not fit each other, the previous one."""
    made = receiver()
    made.start()
    addresses = [f"https://127.0.0.1:{made.http_port}", f"https://127.0.0.1:{made.grpc_port}"]
    try:
        for protocol, address in zip(("http/protobuf", "grpc"), addresses, strict=True):
            environment = {"OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_EXPORTER_OTLP_CERTIFICATE": str(files[0])}
            sender = sender_to(address, environment)
            assert sender.send(ONE).taken
            sender.close()
        assert _serials(made) == [1, 1]
        with pytest.raises(httpx.TransportError), httpx.Client() as client:
            client.get(f"http://127.0.0.1:{made.http_port}/", timeout=60)
        half, renewed = files[0].with_name("half.pem"), files[1].with_name("half.key")
        write(half, renewed, serial=2)
        os.replace(half, files[0])
        assert _serials(made)[0] == 1
        assert "The previous certificate stays" in caplog.text
        os.replace(renewed, files[1])
        assert _serials(made) == [2, 2]
    finally:
        made.stop()


def _serials(receiver: Receiver) -> list[int]:
    ports = receiver.http_port, receiver.grpc_port
    pems = [ssl.get_server_certificate(("127.0.0.1", port), timeout=60) for port in ports if port]
    return [x509.load_pem_x509_certificate(pem.encode()).serial_number for pem in pems]


def test_files_that_do_not_belong_together(files: tuple[Path, Path], tmp_path: Path) -> None:
    """The message says what they must be; nothing asks for a passphrase."""
    other = tmp_path / "other.pem", tmp_path / "other.key"
    write(*other, serial=3)
    for pair in ((files[0], other[1]), (files[0], tmp_path / "none"), (files[1], files[0])):
        with pytest.raises(ConfigurationError, match="PEM files that belong together"):
            Certificate(*pair)


def test_a_stranger_does_not_trust_it(receiver: Callable[[], Receiver]) -> None:
    """A sender without its authority refuses for good, and says so."""
    made = receiver()
    made.start()
    try:
        sender = sender_to(f"https://127.0.0.1:{made.http_port}", {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"})
        reply = sender.send(ONE)
        sender.close()
        assert (reply.taken, reply.retry_after_s) == (False, None)
        assert "CERTIFICATE_VERIFY_FAILED" in reply.message
    finally:
        made.stop()
