"""Brokers for tests: librdkafka's mock cluster in this process, and Apache Kafka where `make kafka` has fetched it."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import socket
import subprocess
import time
import uuid
from contextlib import suppress
from pathlib import Path

import otlp_requests
import pytest

confluent_kafka = pytest.importorskip("confluent_kafka", reason="confluent-kafka has no wheel for this Python")
TOPIC = "otlp_spans"
_POM = Path(__file__).parents[1] / "peers" / "kafka" / "pom.xml"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "obsv"
# As `make kafka` names it.
JARS = _CACHE / f"kafka-{hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]}"
# A small heap and no optimizing compiler: it starts in half the time.
_JAVA = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*")
_SETTINGS = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={directory}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
"""


class Brokers:
    """A producer to a broker, and what a group has committed there."""

    def __init__(self, address: str, producer: confluent_kafka.Producer | None = None) -> None:
        self.address = address
        self.producer = producer or confluent_kafka.Producer({"bootstrap.servers": address})

    def send(self, *bodies: bytes, topic: str = TOPIC, key: bytes | None = None) -> None:
        """Write messages; those with one key are in one partition, in this order."""
        for body in bodies:
            self.producer.produce(topic, body, key=key)
        assert self.producer.flush(60) == 0

    def committed(self) -> int:
        """Return the sum of the offsets that the group has committed."""
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.address, "group.id": "obsv"})
        try:
            parts = self.producer.list_topics(TOPIC, timeout=30).topics[TOPIC].partitions
            wanted = [confluent_kafka.TopicPartition(TOPIC, part) for part in parts]
            with suppress(confluent_kafka.KafkaException):  # it has just been started again
                return sum(max(0, each.offset) for each in consumer.committed(wanted, timeout=30))
            return -1
        finally:
            consumer.close()


def mock_brokers() -> Brokers:
    """Return a mock cluster: it speaks the protocol with groups and offsets, and ends with its producer."""
    producer = confluent_kafka.Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "mock"})
    (broker,) = producer.list_topics(timeout=30).brokers.values()
    return Brokers(f"{broker.host}:{broker.port}", producer)


class ApacheKafka:
    """One node of Apache Kafka in KRaft mode.

    Args:
        directory: for its settings and data.
    """

    def __init__(self, directory: Path) -> None:
        java = shutil.which("java")
        if java is None or not JARS.is_dir():
            pytest.skip("Apache Kafka is not there: `make kafka` fetches it, and it needs Java 17")
        self._java, self._settings, self._log = java, directory / "server.properties", directory / "kafka.log"
        port, controller = _free_port(), _free_port()
        self.address = f"127.0.0.1:{port}"
        self._settings.write_text(_SETTINGS.format(port=port, controller=controller, directory=directory))
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        self._run("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._settings)).wait(120)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Brokers:
        """Start it, and return it when it answers."""
        self.process = self._run("kafka.Kafka", str(self._settings))
        made, end = Brokers(self.address), time.monotonic() + 120
        while True:
            with suppress(confluent_kafka.KafkaException):
                made.producer.list_topics(timeout=2)
                return made
            assert self.process.poll() is None, self._log.read_text()
            assert time.monotonic() < end

    def kill(self) -> None:
        """End it at once, as a power failure would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _run(self, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "KAFKA_OPTS": ""}
        with self._log.open("ab") as log:
            return subprocess.Popen([self._java, *_JAVA, *arguments], stdout=log, stderr=log, env=environment)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        return int(holder.getsockname()[1])


def body(number: int) -> bytes:
    """Return a message with one span."""
    span = otlp_requests.span(span_id=number.to_bytes(8, "big"))
    made: bytes = otlp_requests.request(span).SerializeToString()
    return made
