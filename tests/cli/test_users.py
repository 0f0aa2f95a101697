"""`obsv token` and `obsv audit`: users of a server, and what they changed."""

import io
import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from calls import call

from obsv.api.access.users import parse
from obsv.cli.app import main
from obsv.store import Writer


def test_a_token_comes_with_the_lines_that_admit_it(capsys: Any) -> None:
    """Whatever the name contains; each token is another one."""
    assert main(["token", 'an"a', "--role", "editor"]) == 0
    out = capsys.readouterr().out
    token = out.split("not shown again: ")[1].split()[0]
    user = parse(out[out.index("[[user]]") :], "users.toml").by_token(token)
    assert user is not None
    assert (user.name, user.role) == ('an"a', "editor")
    assert main(["token", "ana", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["role"] == "viewer"
    assert main(["token", "ana", "--values"]) == 0
    assert "values = true\n" in capsys.readouterr().out
    assert found["token"] != token


def test_a_sender_has_a_token_and_no_role(capsys: Any) -> None:
    assert main(["token", "web-1", "--sender"]) == 0
    out = capsys.readouterr().out
    token = out.split("not shown again: ")[1].split()[0]
    sender = parse(out[out.index("[[sender]]") :], "users.toml").senders.by_token(token)
    assert sender is not None
    assert sender.name == "web-1"


@pytest.mark.parametrize("arguments", [["ana", "--role", "owner"], ["a\nb"], [""]])
def test_a_user_that_the_file_would_refuse_gets_no_token(arguments: list[str], capsys: Any) -> None:
    assert main(["token", *arguments]) > 0
    assert "token_sha256" not in capsys.readouterr().out


def test_changes_are_printed_with_their_authors(tmp_path: Path, capsys: Any) -> None:
    """Latest first; there may be none."""
    db = tmp_path / "o.db"
    Writer(db).write([call(1)])
    assert main(["audit", "--db", str(db)]) == 0
    assert "Nothing was changed." in capsys.readouterr().out
    for name in ("1.2", "1.3"):
        main(["deploy", name, "--db", str(db)])
    capsys.readouterr()
    assert main(["audit", "--db", str(db), "--json", "--limit", "1"]) == 0
    (found,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (found["action"], found["subject"], found["via"]) == ("report deployment", "1.3", "command")
    assert main(["audit", "--db", str(db)]) == 0
    assert "report deployment" in capsys.readouterr().out


def test_senders_of_a_server(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """With their limits, what was refused, and when they were last seen."""
    told = {
        "name": "web-1", "requests": 3, "spans": 1_500, "bytes": 90_000, "rejected": 0, "refused": {"spans": 2},
        "refused_ns": 1, "waiting_bytes": 0, "last_ns": 1_790_000_000_000_000_000, "address": "10.0.0.7",
        "spans_per_second": 5_000, "bytes_per_second": None, "queue_share": 0.25,
    }  # fmt: skip
    asked = []

    def open_url(request: Any, timeout: float) -> io.BytesIO:
        asked.append((request.full_url, request.get_header("Authorization")))
        return io.BytesIO(json.dumps([told]).encode())

    monkeypatch.setattr("obsv.cli.users._open", open_url)
    monkeypatch.setenv("OBSV_TOKEN", "a-long-token")
    assert main(["senders", "--server", "http://hub:8050/obsv/"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert asked == [("http://hub:8050/obsv/api/v1/senders", "Bearer a-long-token")]
    for part in ("web-1", "1,500", "spans 2", "5,000 spans/s, 25% of the queue", "2026-09-21 14:13:20"):
        assert part in shown, part
    assert main(["senders", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == told


def test_a_server_that_does_not_answer(capsys: Any) -> None:
    """The message says what to do."""
    assert main(["senders", "--server", "http://127.0.0.1:1"]) != 0
    assert "--server" in capsys.readouterr().err
    assert main(["senders", "--server", "file:///etc/passwd"]) != 0
    assert "not the address of a server" in capsys.readouterr().err


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n[1]", b'HTTP/1.0 200 OK\r\n\r\n{"a": 1}']
)
def test_an_answer_of_something_else(answer: bytes, capsys: Any) -> None:
    """It is one line on stderr, whatever listens there."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        there = threading.Thread(target=_answer, args=(listening, answer))
        there.start()
        assert main(["senders", "--server", f"http://127.0.0.1:{listening.getsockname()[1]}"]) != 0
        there.join()
    assert "--server" in capsys.readouterr().err


def test_a_token_stays_with_its_server(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """A redirect is not followed, and no message shows a token that cannot be sent."""
    monkeypatch.setenv("OBSV_TOKEN", "a-long-token")
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_server(("127.0.0.1", 0)) as other:
        to = b"Location: http://127.0.0.1:%d/\r\n\r\n" % other.getsockname()[1]
        there = threading.Thread(target=_answer, args=(listening, b"HTTP/1.0 302 Found\r\n" + to))
        there.start()
        assert main(["senders", "--server", f"http://127.0.0.1:{listening.getsockname()[1]}"]) != 0
        there.join()
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            other.accept()
    assert "answers 302" in capsys.readouterr().err
    monkeypatch.setenv("OBSV_TOKEN", "a-long\ntoken")
    assert main(["senders"]) != 0
    err = capsys.readouterr().err
    assert "OBSV_TOKEN is not a token" in err
    assert "a-long" not in err


def _answer(listening: socket.socket, answer: bytes) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(answer)
