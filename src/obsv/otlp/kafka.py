"""OTLP from Kafka: the messages of a collector's Kafka exporter, with the encoding `otlp_proto` or `otlp_json`.

Offsets are committed after the transaction with the spans, so that nothing is lost when the server or the broker ends
in between; what is read twice then is the same spans, which are stored once. A message that is not OTLP, or at which
obsv fails again and again, is put aside on disk (`dead_letters`), and the topic goes on.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from obsv.errors import ConfigurationError, StoreError
from obsv.otlp.dead_letters import DeadLetter, DeadLetters
from obsv.otlp.failures import answer_to
from obsv.otlp.http import MAX_BODY
from obsv.otlp.ingest import Ingest
from obsv.otlp.signals import LOGS, TRACES, Signal
from obsv.otlp.status import JSON, PROTOBUF
from obsv.otlp.work import work_of
from obsv.trace.notices import Notices
from obsv.web.senders import Sender

logger = logging.getLogger("obsv")

GROUP = "obsv"
# Messages stored together, by few transactions; offsets are committed after them.
BATCH = 200
_POLL_S, _STOP_S = 0.5, 15.0
# Between attempts to store; each pause is twice the last one, because a fault of ours is logged at each attempt.
_AGAIN_S, _LONGEST_AGAIN_S = 1.0, 30.0
# Answers to what the message itself causes. Whatever else fails is ours, and no reason to lose it.
_NOT_OTLP = (400, 413, 415)
# An unexpected error is a fault of ours, but perhaps only with this message: after so many attempts, within 15 s, it is
# put aside.
_UNEXPECTED, MOST_ATTEMPTS = 500, 5
# Of messages fetched ahead, in KiB: librdkafka's default is 64 MiB.
_AHEAD_KIB = 16_384
_FORM = "Write kafka://host:9092/topic, several hosts or topics with commas between them."
_SASL = "?security.protocol=sasl_ssl&sasl.mechanism=PLAIN&sasl.username=…&sasl.password=…"


class KafkaAddress(NamedTuple):
    """Brokers and topics.

    Args:
        brokers: `host:port`, comma-separated.
        topics: topics with traces.
        logs: topics with log records.
        options: further properties of librdkafka by name, such as `security.protocol`.
    """

    brokers: str
    topics: tuple[str, ...]
    logs: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> KafkaAddress:
        """Parse `kafka://host:9092,host:9092/topic,topic?logs=topic&group.id=obsv&security.protocol=ssl`.

        Raises:
            ConfigurationError: it is not such an address, or has a user.
        """
        parts = urlsplit(text)
        options = dict(parse_qsl(parts.query))
        # A password with a slash ends the host's part.
        if "@" in parts.netloc + parts.path:
            raise ConfigurationError(
                "The address of Kafka has a user or a password before an @, which Kafka's client does not take. "
                f"Append them as properties: {_SASL}"
            )
        topics, logs = _names(parts.path.strip("/")), _names(options.pop("logs", ""))
        if parts.scheme != "kafka" or not parts.netloc or not (topics or logs):
            raise ConfigurationError(f"This is not an address of Kafka with a topic. {_FORM}")
        return cls(parts.netloc, topics, logs, tuple(options.items()))

    def __str__(self) -> str:
        """Return the brokers and topics, without what is secret."""
        return f"topic {', '.join(self.topics + self.logs)} of {self.brokers}"


class KafkaReader:
    """A thread that reads topics.

    Args:
        address: brokers and topics.
        ingest: stores the messages.
        letters: keeps messages that cannot be stored.
        max_body: maximum bytes of a message.

    Raises:
        ConfigurationError: the package is not installed, or Kafka's client does not know a property.
    """

    def __init__(self, address: KafkaAddress, ingest: Ingest, letters: DeadLetters, max_body: int = MAX_BODY) -> None:
        self._address, self._ingest, self._letters, self._max_body = address, ingest, letters, max_body
        self._stopping = threading.Event()
        self._notices = Notices()
        self._consumer = self._connected()
        self._thread = threading.Thread(target=self._run, name="obsv-kafka", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; messages that are not stored stay uncommitted."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)
        else:
            self._consumer.close()

    def _connected(self) -> Any:
        try:
            from confluent_kafka import Consumer, KafkaException
        except ImportError:
            raise ConfigurationError("Reading from Kafka needs a package: pip install 'obsv[kafka]'.") from None
        settings = {
            "group.id": GROUP,
            "client.id": "obsv",
            "auto.offset.reset": "earliest",
            "queued.max.messages.kbytes": _AHEAD_KIB,
            **dict(self._address.options),
            "bootstrap.servers": self._address.brokers,
            "enable.auto.commit": False,
            "error_cb": self._complain,
        }
        try:
            consumer = Consumer(settings, logger=logger)
            consumer.subscribe([*self._address.topics, *self._address.logs])
        except KafkaException as error:
            raise ConfigurationError(f"Kafka's client refuses its settings: {error.args[0].str()}.") from None
        return consumer

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self._step()
                except Exception as error:
                    self._complain(error)
                    self._stopping.wait(_AGAIN_S)
        finally:
            self._consumer.close()

    def _step(self) -> None:
        """Read some messages, store them, and commit their offsets."""
        messages = self._consumer.consume(BATCH, _POLL_S)
        for error in filter(None, [message.error() for message in messages]):
            self._complain(error)
        read = [message for message in messages if message.error() is None]
        waiting, pause_s = read, _AGAIN_S
        faults: Counter[int] = Counter()
        while waiting and not self._stopping.is_set():
            waiting = self._refused(waiting, faults)
            if waiting:
                self._stopping.wait(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_AGAIN_S)
        if read and not waiting:
            self._consumer.commit(offsets=_after(read), asynchronous=False)
            if self._notices.over("kafka"):
                logger.warning("Messages of Kafka are read again.")
            self._notices.over("store")

    def _refused(self, messages: Sequence[Any], faults: Counter[int]) -> list[Any]:
        """Store messages; return those that must be tried again, because the fault is not theirs.

        Args:
            messages: the messages.
            faults: unexpected errors so far by `id` of a message; waiting for the store is none.
        """
        futures = [self._submitted(message) for message in messages]
        again = []
        for message, future in zip(messages, futures, strict=True):
            error = future if isinstance(future, Exception) else future.exception()
            if error is None:
                continue
            status, which = answer_to(error).http, id(message)
            faults[which] += status == _UNEXPECTED and _is_for_itself(error)
            is_hopeless = status in _NOT_OTLP or (status == _UNEXPECTED and faults[which] >= MOST_ATTEMPTS)
            if not (is_hopeless and _is_for_itself(error) and self._put_aside(message, error, faults[which] or 1)):
                again.append(message)
                self._notices.once("store", logging.WARNING, "Messages of Kafka wait until they are stored: %s", error)
        return again

    def _put_aside(self, message: Any, error: Exception, attempts: int) -> bool:
        """Keep a message on disk; return whether it is there."""
        letter = DeadLetter(
            message.topic(), message.partition(), message.offset(), f"{type(error).__name__}: {error}", attempts
        )
        try:
            kept = self._letters.keep(letter, message.value() or b"")
        except OSError as problem:
            self._complain(problem)
            return False
        if kept:
            self._ingest.count("dead_letters")
            self._notices.once(
                "message", logging.WARNING, "A message of Kafka cannot be stored and is kept in %s: %s",
                self._letters.path, error,
            )  # fmt: skip
        else:
            self._notices.once(
                "full", logging.ERROR, "%s is full, so messages that cannot be stored hold up their topic: look at "
                "them and remove them.", self._letters.path,
            )  # fmt: skip
        return kept

    def _submitted(self, message: Any) -> Any:
        body = message.value() or b""
        form = JSON if body[:1] == b"{" else PROTOBUF
        signal: Signal = LOGS if message.topic() in self._address.logs else TRACES
        try:
            name = f"kafka {message.topic()}"
            claim = self._ingest.quotas.begin(Sender(name))
            self._ingest.reserve(len(body), claim)
            return self._ingest.accept(body, lambda: work_of(body, "", form, self._max_body, signal), name, claim)
        except Exception as error:
            return error

    def _complain(self, error: Any) -> None:
        if not self._stopping.is_set():
            self._notices.once("kafka", logging.WARNING, "Kafka cannot be read at the moment: %s", error)


def _is_for_itself(error: Exception) -> bool:
    # `ForeignFile` and `NewerSchema` are answered like faults of ours, and mean the database, not the message.
    return not isinstance(error, StoreError)


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in text.split(","))))


def _after(messages: Iterable[Any]) -> list[Any]:
    """Return the offsets behind messages, by partition."""
    from confluent_kafka import TopicPartition

    last: dict[tuple[str, int], int] = {}
    for message in messages:
        key = message.topic(), message.partition()
        last[key] = max(last.get(key, 0), message.offset() + 1)
    return [TopicPartition(topic, partition, offset) for (topic, partition), offset in last.items()]
