"""Spans from Apache Kafka itself, where `make kafka` has fetched it: also when the broker is killed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kafka_brokers import TOPIC, ApacheKafka, body
from keepers import eventually

from obsv.errors import StoreError
from obsv.otlp.dead_letters import DeadLetters
from obsv.otlp.kafka import KafkaAddress
from obsv.otlp.receiver import Receiver
from obsv.store import Reader


def test_each_message_once(tmp_path: Path, start: Callable[..., Receiver], reader: Reader, db: Path) -> None:
    """Through a kill of the broker and a new start of obsv; a message that is no OTLP is kept aside."""

    def spans() -> int:
        try:
            return int(reader.query("select count(*) from span")[0][0])
        except StoreError:  # not made yet
            return 0

    server = ApacheKafka(tmp_path)
    try:
        brokers = server.start()
        address = KafkaAddress(server.address, (TOPIC,), (), (("session.timeout.ms", "6000"),))
        brokers.send(*map(body, range(1, 101)), b"\xff no OTLP")
        first = start(kafka=address)
        eventually(lambda: spans() == 100 and brokers.committed() == 101)
        server.kill()
        brokers = server.start()
        brokers.send(*map(body, range(101, 201)))
        eventually(lambda: spans() == 200 and brokers.committed() == 201)
        first.stop()
        brokers.send(*map(body, range(151, 251)))
        start(kafka=address)
        eventually(lambda: spans() == 250 and brokers.committed() == 301)
        assert DeadLetters(db).count() == 1
    finally:
        server.kill()
