"""Spans from Kafka: brokers of librdkafka's mock cluster, which speak the protocol with groups and offsets."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import otlp_requests
import pytest
from kafka_brokers import TOPIC, Brokers, body, mock_brokers

from obsv.errors import ConfigurationError, ForeignFile, StoreError, StoreUnavailable
from obsv.otlp.kafka import KafkaAddress
from obsv.otlp.receiver import Receiver
from obsv.store import Reader, Writer
from obsv.wire.protobuf import decode_protobuf
from obsv.wire.rowmaker import RowMaker


@pytest.fixture
def brokers() -> Brokers:
    return mock_brokers()


def until(true: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def spans(reader: Reader) -> int:
    try:
        return int(reader.query("select count(*) from span")[0][0])
    except StoreError:  # not made yet
        return 0


def address(brokers: Brokers, topics: str = TOPIC, **options: str) -> KafkaAddress:
    quick = {"session.timeout.ms": "6000", "heartbeat.interval.ms": "500", **options}
    return KafkaAddress(brokers.address, tuple(topics.split(",")), (), tuple(quick.items()))


def test_messages_are_stored_and_then_committed(
    brokers: Brokers, start: Callable[..., Receiver], reader: Reader
) -> None:
    """In protobuf and JSON; what is no OTLP is passed over and counted."""
    json_body = otlp_requests.json_request(otlp_requests.json_span(spanId="ff" * 8))
    brokers.send(*map(body, range(1, 51)), b"\xff no OTLP", json_body)
    receiver = start(kafka=address(brokers))
    until(lambda: spans(reader) == 51)
    until(lambda: brokers.committed() == 52)
    assert receiver.counts["failed"] == 1
    assert "otlp_spans" in str(receiver)


def test_what_was_stored_but_not_committed_is_read_again(
    brokers: Brokers, start: Callable[..., Receiver], reader: Reader, db: Path
) -> None:
    """The server ended in between: the spans are stored once, the offsets committed then."""
    brokers.send(*map(body, range(1, 11)))
    writer = Writer(db)
    for number in range(1, 6):
        writer.write(decode_protobuf(body(number), RowMaker()).rows)
    writer.close()
    start(kafka=address(brokers))
    until(lambda: brokers.committed() == 10)
    assert spans(reader) == 10


@pytest.mark.parametrize("fault", [StoreUnavailable, ForeignFile, RuntimeError])
def test_nothing_is_committed_while_the_store_cannot_be_written(
    fault: type[Exception],
    brokers: Brokers,
    start: Callable[..., Receiver],
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The messages wait, and are stored once it can be, also where a sender would be told not to try again."""
    fails = [True]
    tried: list[int] = []
    write = Writer.write

    def refusing(self: Writer, *args: Any, **options: Any) -> Any:
        tried.append(1)
        if fails[0]:
            raise fault("the disk is full")
        return write(self, *args, **options)

    monkeypatch.setattr(Writer, "write", refusing)
    brokers.send(body(1))
    start(kafka=address(brokers))
    until(lambda: len(tried) > 1)
    assert brokers.committed() == 0
    fails[0] = False
    until(lambda: brokers.committed() == 1)
    assert spans(reader) == 1


def test_addresses() -> None:
    """With topics of log records and properties of the client."""
    found = KafkaAddress.parse("kafka://a:9092,b:9092/otlp_spans,more?logs=otlp_logs&security.protocol=ssl")
    assert found == KafkaAddress(
        "a:9092,b:9092", ("otlp_spans", "more"), ("otlp_logs",), (("security.protocol", "ssl"),)
    )
    for text in ("a:9092/otlp_spans", "kafka://a:9092", "kafka:///otlp_spans"):
        with pytest.raises(ConfigurationError, match="Write kafka://"):
            KafkaAddress.parse(text)


@pytest.mark.parametrize("user", ["ann:secret", "ann:sec/ret", "ann"])
def test_a_user_in_an_address_is_refused(user: str) -> None:
    """It would be printed with the brokers; the message tells the properties, and not the password."""
    with pytest.raises(ConfigurationError, match=r"sasl\.password") as raised:
        KafkaAddress.parse(f"kafka://{user}@host:9092/otlp_spans")
    assert user not in str(raised.value)
    address = KafkaAddress.parse("kafka://host:9092/otlp_spans?sasl.username=ann@shop&sasl.password=p@ss")
    assert str(address) == "topic otlp_spans of host:9092"


def test_an_unknown_property_is_said(start: Callable[..., Receiver]) -> None:
    """Before anything is served."""
    with pytest.raises(ConfigurationError, match=r"no\.such\.property"):
        start(kafka=KafkaAddress("127.0.0.1:1", (TOPIC,), (), (("no.such.property", "1"),)))
