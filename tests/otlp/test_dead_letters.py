"""A message that cannot be stored for its own sake is kept aside, and does not hold up its topic."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kafka_brokers import TOPIC, Brokers, body, mock_brokers
from keepers import eventually

from obsv.cli.app import main
from obsv.errors import StoreError, StoreUnavailable
from obsv.otlp import kafka
from obsv.otlp.dead_letters import DeadLetter, DeadLetters
from obsv.otlp.kafka import KafkaAddress
from obsv.otlp.receiver import Receiver
from obsv.store import Reader, Writer


@pytest.fixture
def brokers() -> Brokers:
    return mock_brokers()


def spans(reader: Reader) -> int:
    try:
        return int(reader.query("select count(*) from span")[0][0])
    except StoreError:  # not made yet
        return 0


def address(brokers: Brokers) -> KafkaAddress:
    return KafkaAddress(brokers.address, (TOPIC,), (), (("session.timeout.ms", "6000"),))


LETTER = DeadLetter("otlp_spans", 0, 7, "KeyError: 'x'", 5)


def test_a_message_is_kept_with_its_reason(tmp_path: Path) -> None:
    """For the owner alone; read again, it is kept once."""
    letters = DeadLetters(tmp_path / "o.db")
    assert letters.count() == 0
    for _ in range(2):
        assert letters.keep(LETTER, b"\0body")
    assert letters.count() == 1
    kept = letters.path / "otlp_spans-0-7.otlp"
    assert kept.read_bytes() == b"\0body"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    about = json.loads((letters.path / "otlp_spans-0-7.json").read_text())
    assert (about["error"], about["attempts"], about["bytes"]) == ("KeyError: 'x'", 5, 5)
    assert sorted(each.suffix for each in letters.path.iterdir()) == [".json", ".otlp"]


def test_a_message_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The topic goes on behind it: after a power failure nobody would send it again."""
    done: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (done.append("fsync"), fsync(descriptor))[1])
    monkeypatch.setattr(os, "replace", lambda old, new: (done.append("replace"), replace(old, new))[1])
    assert DeadLetters(tmp_path / "o.db").keep(LETTER, b"body")
    assert done == ["fsync", "replace"] * 2


def test_the_place_is_bounded(tmp_path: Path) -> None:
    """By number and bytes; one that is there already still fits."""
    few, small = DeadLetters(tmp_path / "a.db", most_files=1), DeadLetters(tmp_path / "b.db", most_bytes=10)
    assert few.keep(LETTER, b"x")
    assert few.keep(LETTER, b"y")
    assert not few.keep(LETTER._replace(offset=8), b"x")
    assert not small.keep(LETTER, b"x" * 11)
    assert not small.path.exists()


def poison(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the store fail at one span, as a fault of ours would."""
    write = Writer.write

    def failing(self: Writer, rows: Any, **options: Any) -> Any:
        if any(row.span_id == number.to_bytes(8, "big") for row in rows):
            raise KeyError("a fault of ours")
        return write(self, rows, **options)

    monkeypatch.setattr(Writer, "write", failing)
    monkeypatch.setattr(kafka, "_AGAIN_S", 0.01)


def test_the_topic_goes_on(
    brokers: Brokers,
    start: Callable[..., Receiver],
    reader: Reader,
    db: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All other messages are stored, offsets committed, and the message can be sent again once obsv is mended."""
    poison(monkeypatch, 3)
    brokers.send(*map(body, range(1, 6)), b"\xff no OTLP")
    receiver = start(kafka=address(brokers))
    eventually(lambda: brokers.committed() == 6)
    assert spans(reader) == 4
    assert (receiver.counts["dead_letters"], receiver.counts["kept_letters"]) == (2, 2)
    letters = DeadLetters(db)
    texts = {json.loads(path.read_text())["error"][:8] for path in letters.path.glob("*.json")}
    assert "KeyError" in texts
    assert body(3) in [path.read_bytes() for path in letters.path.glob("*.otlp")]
    brokers.send(body(7))
    eventually(lambda: spans(reader) == 5)
    assert main(["check", "--db", str(db)]) == 1
    assert "2 messages of Kafka" in " ".join(capsys.readouterr().out.split())


def test_waiting_for_the_store_is_no_attempt(
    brokers: Brokers, start: Callable[..., Receiver], reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an outage, a message that fails once is tried again as any other."""
    faults: list[Exception] = [*(StoreUnavailable("locked") for _ in range(kafka.MOST_ATTEMPTS)), KeyError("once")]
    write = Writer.write

    def failing(self: Writer, rows: Any, **options: Any) -> Any:
        if rows and faults:
            raise faults.pop(0)
        return write(self, rows, **options)

    monkeypatch.setattr(Writer, "write", failing)
    monkeypatch.setattr(kafka, "_AGAIN_S", 0.01)
    brokers.send(body(1))
    receiver = start(kafka=address(brokers))
    eventually(lambda: brokers.committed() == 1)
    assert (spans(reader), receiver.counts["kept_letters"]) == (1, 0)


def test_a_full_place_holds_the_topic(
    brokers: Brokers,
    start: Callable[..., Receiver],
    reader: Reader,
    db: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is lost: the message waits until there is room."""
    room = [False]
    monkeypatch.setattr(DeadLetters, "keep", lambda self, letter, body: room[0])
    poison(monkeypatch, 1)
    brokers.send(body(1), body(2), key=b"one partition")
    receiver = start(kafka=address(brokers))
    eventually(lambda: spans(reader) == 1)
    assert brokers.committed() == 0
    assert receiver.counts.get("dead_letters", 0) == 0
    room[0] = True
    eventually(lambda: brokers.committed() == 2)
