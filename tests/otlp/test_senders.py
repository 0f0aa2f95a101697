"""Senders with tokens and limits of their own, over HTTP and gRPC."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from otlp_requests import request, span

from obsv.api.access.users import UsersFile
from obsv.errors import ConfigurationError
from obsv.otlp.access import Access
from obsv.otlp.failures import Unauthorized, UsersUnreadable
from obsv.otlp.receiver import Receiver
from obsv.otlp.senders import EXPORT
from obsv.otlp.settings import Address, ReceiverSettings
from obsv.store import Reader
from obsv.web.attempts import ATTEMPTS
from obsv.web.senders import Sender, SenderLimits, hash_of

PROTOBUF = {"content-type": "application/x-protobuf"}
FILE = f"""
[limits]
spans_per_second = 1_000
[[sender]]
name = "web-1"
token_sha256 = ["{hash_of("old")}", "{hash_of("new")}"]
[[sender]]
name = "batch"
token_sha256 = "{hash_of("third")}"
spans_per_second = "none"
bytes_per_second = "1GB"
queue_share = "50%"
"""


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users.toml"
    path.write_text(FILE)
    return path


@pytest.fixture
def receiver(users: Path, start: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch) -> Receiver:
    file = UsersFile(users)
    made = start(senders=lambda: file.users.senders)
    # No time passes, however slow the machine is.
    monkeypatch.setattr(made._ingest.quotas, "_clock", lambda: 0.0)
    return made


def replace(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(text)
    os.replace(beside, path)


def post(receiver: Receiver, token: str | None, spans: int = 1, first: int = 1) -> httpx.Response:
    headers = PROTOBUF | ({"authorization": f"Bearer {token}"} if token else {})
    body = request(*(span(span_id=(first + i).to_bytes(8, "big")) for i in range(spans))).SerializeToString()
    url = f"http://127.0.0.1:{receiver.http_port}/v1/traces"
    return httpx.post(url, content=body, headers=headers, timeout=120)


def test_a_token_names_its_sender(receiver: Receiver) -> None:
    """The old and the new token of a sender count while both are in the file; any other is refused."""
    statuses = [post(receiver, token).status_code for token in ("old", "new", "third", "other", None)]
    assert statuses == [200, 200, 200, 401, 401]
    counts = {each.name: (each.requests, each.spans, each.address) for each in receiver.senders}
    assert counts == {"web-1": (2, 2, "127.0.0.1"), "batch": (1, 1, "127.0.0.1")}


def test_a_revoked_token_is_refused_at_once(receiver: Receiver, users: Path) -> None:
    """Removing the last sender admits nobody by that."""
    replace(users, FILE.replace(f'"{hash_of("old")}", ', ""))
    assert [post(receiver, token).status_code for token in ("old", "new")] == [401, 200]
    replace(users, "")
    assert [post(receiver, token).status_code for token in ("new", None)] == [401, 401]


def test_an_invalid_file_makes_senders_wait(receiver: Receiver, users: Path) -> None:
    """A refusal for ever would make them drop what they have."""
    replace(users, "[[sender")
    refused = post(receiver, "new")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    replace(users, FILE)
    assert post(receiver, "new").status_code == 200


def test_guesses_are_counted_while_the_file_is_invalid(receiver: Receiver, users: Path) -> None:
    """They are those of any token; a sender that it named before is still told to wait, and loses nothing."""
    replace(users, "[[sender")
    statuses = [post(receiver, "guess").status_code for _ in range(ATTEMPTS + 1)]
    assert statuses == [503] * ATTEMPTS + [429]
    assert [post(receiver, token).status_code for token in ("new", "old", "third")] == [503, 503, 503]


@pytest.mark.parametrize("broken", ["[[sender", ""])
def test_senders_who_came_after_the_start_close_the_port(tmp_path: Path, broken: str) -> None:
    """Neither a mistake in the file nor an empty one opens it again."""
    path = tmp_path / "users.toml"
    path.write_text("")
    file = UsersFile(path)
    access = Access("127.0.0.1", senders=lambda: file.users.senders)
    assert access.sender_of(None, "") == Sender()
    replace(path, FILE)
    assert access.sender_of("Bearer new", "").name == "web-1"
    replace(path, broken)
    with pytest.raises((Unauthorized, UsersUnreadable)):
        access.sender_of(None, "")


def test_a_sender_beyond_its_limit_is_told_when_to_come_again(receiver: Receiver) -> None:
    """Others are not affected, nothing that was acknowledged is lost, and the refusals are counted."""
    assert post(receiver, "new", 5_000).status_code == 200
    refused = post(receiver, "new", 1, 9_000)
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "4"
    assert "1,000 spans a second" in Status.FromString(refused.content).message
    assert post(receiver, "third", 5_000, 10_000).status_code == 200
    counts = {each.name: (each.spans, each.refused) for each in receiver.senders}
    assert counts == {"web-1": (5_000, {"spans": 1}), "batch": (5_000, {})}
    assert receiver.counts["spans"] == 10_000


def test_grpc_says_it_in_both_places(receiver: Receiver) -> None:
    """RESOURCE_EXHAUSTED with RetryInfo in the details, and where Python's SDK looks for it."""
    assert post(receiver, "new", 5_000).status_code == 200
    with grpc.insecure_channel(f"127.0.0.1:{receiver.grpc_port}") as channel:
        call = channel.unary_unary(EXPORT)
        with pytest.raises(grpc.RpcError) as refused:
            call(request(span()).SerializeToString(), metadata=[("authorization", "Bearer new")], timeout=60)
        assert (
            call(request(span()).SerializeToString(), metadata=[("authorization", "Bearer third")], timeout=60) == b""
        )
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    metadata = dict(refused.value.trailing_metadata())
    retry = RetryInfo.FromString(metadata["google.rpc.retryinfo-bin"])
    assert retry.retry_delay.seconds >= 1
    assert Status.FromString(metadata["grpc-status-details-bin"]).details[0].Is(RetryInfo.DESCRIPTOR)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_the_sdk_of_python_waits_and_loses_nothing(
    receiver: Receiver, reader: Reader, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It obeys Retry-After over HTTP and RetryInfo over gRPC: the second batch is refused, and comes again."""
    now = [0.0]
    quotas = receiver._ingest.quotas
    refuse = quotas._refuse

    def refuse_once(account: Any, reason: str) -> None:
        refuse(account, reason)
        now[0] += 60

    monkeypatch.setattr(quotas, "_clock", lambda: now[0])
    monkeypatch.setattr(quotas, "_refuse", refuse_once)
    headers = {"authorization": "Bearer new"}
    exporter: Any
    if protocol == "http":
        exporter = HttpExporter(f"http://127.0.0.1:{receiver.http_port}/v1/traces", headers=headers, timeout=60)
    else:
        address = f"http://127.0.0.1:{receiver.grpc_port}"
        exporter = GrpcExporter(address, insecure=True, headers=tuple(headers.items()), timeout=60)
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("t")
    made: list[Any] = [tracer.start_span(f"n{number}") for number in range(2_200)]
    for each in made:
        each.end()
    results = [exporter.export(made[:1_100]), exporter.export(made[1_100:])]
    exporter.shutdown()
    assert results == [SpanExportResult.SUCCESS] * 2
    (counts,) = receiver.senders
    row = reader.one("select count(*) from span")
    assert row is not None
    assert (counts.spans, row[0], counts.refused) == (2_200, 2_200, {"spans": 1})


def test_other_machines_need_a_token_of_some_kind(tmp_path: Path, users: Path) -> None:
    settings = ReceiverSettings(tmp_path / "a.db", grpc=None, http=Address("0.0.0.0", 0))
    with pytest.raises(ConfigurationError, match="users file"):
        settings.check()
    ReceiverSettings(settings.db, grpc=None, http=settings.http, senders=lambda: UsersFile(users).users.senders).check()


def test_limits_in_the_file(users: Path) -> None:
    """A sender has those of all unless it says something else."""
    members = UsersFile(users).users.senders.members
    assert [each.limits for each in members] == [
        SenderLimits(1_000, None, None),
        SenderLimits(None, 10**9, 0.5),
    ]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("1_000", "0", "at least 1"),
        ("1_000", '"many"', "at least 1"),
        ('"1GB"', '"0"', "at least 1 byte"),
        ('"1GB"', "-1", "size"),
        ('"50%"', '"0%"', "above 0"),
        ('"50%"', "1.5", "share"),
        ("queue_share", "share", "unknown key 'share'"),
        ("[limits]", "[[limits]]", "begins with [limits]"),
        ("[limits]", "[sender]", "not valid TOML"),
        ('name = "batch"', 'name = "web-1"', "the same name"),
        (hash_of("third"), hash_of("old"), "the same token_sha256"),
        (f'"{hash_of("third")}"', "[]", "64 hex digits"),
        (f'"{hash_of("third")}"', "7", "64 hex digits"),
        ('name = "batch"', 'name = ""', "needs a name"),
        ("[limits]", "[[user]]\nname='a'\nrole='viewer'\ntoken_sha256=['a']\n[limits]", "only senders"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, before: str, after: str, says: str) -> None:
    """With the file, and without any hash."""
    path = tmp_path / "users.toml"
    path.write_text(FILE.replace(before, after, 1))
    with pytest.raises(ConfigurationError) as told:
        UsersFile(path)
    assert says in str(told.value)
    assert hash_of("third") not in str(told.value)
