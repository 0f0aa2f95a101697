"""Messages to each type of receiver, checked with the receivers' own libraries."""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from receivers import Receiver, Reply, receiving

from obsv.alerts import parse
from obsv.alerts.messages import Message
from obsv.alerts.notifiers import Notifier, notifier_of
from obsv.alerts.notifiers.base import safely, shown
from obsv.alerts.notifiers.slack import payload
from obsv.alerts.rules import NotifierConfig
from obsv.alerts.secret import Secret

NS = 1_000_000_000
MESSAGE = Message(
    "0123456789abcdef", "firing", "fedcba9876543210", "slow",
    {"process": "shop.price", "alertname": "slow", "severity": "page"}, "page", "p95 of shop.price is 2 s", 2.0,
    1_790_000_000 * NS, 0, "https://obsv.example/code?process=shop.price",
)  # fmt: skip
RESOLVED = MESSAGE._replace(event="resolved", ends_ns=1_790_000_060 * NS)
HOSTILE = MESSAGE._replace(
    summary="<!channel> & <https://evil|x> " + "&<>" * 5_000,
    labels={**MESSAGE.labels, "exception": "<!here>\n*bold*" * 500, "x\ny": "\x00\r\nBcc: all@example.org"},
)  # fmt: skip


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def notifier(type: str, text: str, **env: str) -> Notifier:
    return notifier_of(parse(f'[[alerts.notify]]\nname = "it"\ntype = "{type}"\n{text}').notifiers["it"])


def test_slack_takes_the_blocks_whatever_was_recorded(receiver: Receiver) -> None:
    blocks = pytest.importorskip("slack_sdk.models.blocks")
    slack = notifier("slack", f'url = "{receiver.url}/hook"')
    for message in (MESSAGE, RESOLVED, HOSTILE, MESSAGE._replace(rule="r" * 500, link="/x")):
        assert slack.send(message).ok
        found = receiver.requests[-1].json
        for block in blocks.Block.parse_all(found["attachments"][0]["blocks"]):
            block.validate_json()
        assert "<!" not in json.dumps(found)


def test_slack_is_believed_only_when_it_says_ok(receiver: Receiver) -> None:
    receiver.answer = lambda request: Reply(200, b"<html>login</html>")
    answer = notifier("slack", f'url = "{receiver.url}"').send(MESSAGE)
    assert not answer.ok
    assert not answer.is_final


def test_a_cut_text_does_not_end_in_the_middle_of_an_entity() -> None:
    for length in range(20):
        text = payload(MESSAGE._replace(summary="x" * length + "&" * 5_000))["text"]
        assert text.rstrip("…").endswith(("&amp;", "x")), text[-10:]


def test_pagerduty_opens_and_resolves_one_incident_under_one_key(receiver: Receiver) -> None:
    pagerduty = pytest.importorskip("pagerduty")
    receiver.answer = lambda request: Reply(202, b'{"status":"success","dedup_key":"obsv-fedcba9876543210"}')
    ours = notifier("pagerduty", f'routing_key = "abc"\nurl = "{receiver.url}/v2/enqueue"')
    assert ours.send(MESSAGE).ok
    assert ours.send(RESOLVED).ok
    theirs = pagerduty.EventsApiV2Client("abc")
    theirs._url = receiver.url  # its setter takes only https
    key = theirs.trigger(
        "slow: p95 of shop.price is 2 s", "obsv", dedup_key="obsv-fedcba9876543210", severity="critical"
    )
    trigger, resolve, reference = (each.json for each in receiver.requests)
    assert (trigger["event_action"], resolve["event_action"]) == ("trigger", "resolve")
    assert trigger["dedup_key"] == resolve["dedup_key"] == reference["dedup_key"] == key
    assert resolve["routing_key"] == "abc"
    assert set(reference) <= set(trigger)
    for name in ("summary", "source", "severity"):
        assert trigger["payload"][name] == reference["payload"][name]


def test_pagerduty_stays_within_its_limits(receiver: Receiver) -> None:
    ours = notifier("pagerduty", f'routing_key = "abc"\nurl = "{receiver.url}/v2/enqueue"')
    ours.send(HOSTILE)
    (request,) = receiver.requests
    assert len(request.body) < 512_000
    assert len(request.json["payload"]["summary"]) <= 1_024
    assert len(request.json["dedup_key"]) <= 255


@pytest.mark.parametrize("secret", ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_a_webhook_is_signed_as_standard_webhooks(receiver: Receiver, secret: str) -> None:
    standardwebhooks = pytest.importorskip("standardwebhooks")
    assert notifier("webhook", f'url = "{receiver.url}"\nsecret = "{secret}"').send(HOSTILE).ok
    (request,) = receiver.requests
    standardwebhooks.Webhook(secret).verify(request.body, request.headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secret).verify(request.body + b" ", request.headers)


def test_a_webhook_has_alertmanagers_body_and_a_stable_id(receiver: Receiver) -> None:
    ours = notifier("webhook", f'url = "{receiver.url}"')
    ours.send(MESSAGE)
    ours.send(RESOLVED)
    firing, resolved = receiver.requests
    assert firing.headers["webhook-id"] == MESSAGE.id
    body = firing.json
    assert (body["version"], body["status"], body["receiver"]) == ("4", "firing", "it")
    (alert,) = body["alerts"]
    assert alert["labels"] == MESSAGE.labels
    assert (alert["startsAt"], alert["endsAt"]) == ("2026-09-21T14:13:20.000000Z", "0001-01-01T00:00:00Z")
    assert alert["fingerprint"] == MESSAGE.fingerprint
    assert resolved.json["alerts"][0]["endsAt"] == "2026-09-21T14:14:20.000000Z"


def test_mail_reaches_a_server_and_no_value_becomes_a_header() -> None:
    controller_module = pytest.importorskip("aiosmtpd.controller")

    mails: list[Any] = []

    class Box:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            mails.append(envelope)
            return "250 OK"

    controller = controller_module.Controller(Box(), hostname="127.0.0.1", port=_free_port())
    controller.start()
    try:
        mail = notifier("email", f'host = "127.0.0.1"\nport = {controller.port}\ntls = "none"\n'
                                 'from = "obsv@example.org"\nto = ["a@example.org", "b@example.org"]')  # fmt: skip
        assert mail.send(HOSTILE._replace(rule="x\r\nBcc: all@example.org")).ok
    finally:
        controller.stop()
    (envelope,) = mails
    assert envelope.rcpt_tos == ["a@example.org", "b@example.org"]
    head, _, _ = envelope.content.partition(b"\r\n\r\n")
    assert b"Message-ID: <0123456789abcdef@obsv.invalid>" in head
    assert not any(line.lower().startswith(b"bcc") for line in head.splitlines())


def test_a_mail_that_is_refused_is_final_by_its_code() -> None:
    controller_module = pytest.importorskip("aiosmtpd.controller")

    class Full:
        async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
            return "451 later" if address.startswith("later") else "550 nobody"

    controller = controller_module.Controller(Full(), hostname="127.0.0.1", port=_free_port())
    controller.start()
    try:
        head = f'host = "127.0.0.1"\nport = {controller.port}\ntls = "none"\nfrom = "o@example.org"\n'
        later = notifier("email", head + 'to = "later@example.org"').send(MESSAGE)
        nobody = notifier("email", head + 'to = "nobody@example.org"').send(MESSAGE)
    finally:
        controller.stop()
    assert (later.ok, later.is_final, later.status) == (False, False, 451)
    assert (nobody.ok, nobody.is_final, nobody.status) == (False, True, 550)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_telegram_takes_plain_text_and_says_in_its_body_how_long_to_wait(receiver: Receiver) -> None:
    ours = notifier("telegram", f'token = "123:abc"\nchat_id = -100\nurl = "{receiver.url}"')
    assert ours.send(HOSTILE).ok
    (request,) = receiver.requests
    assert request.path == "/bot123:abc/sendMessage"
    assert len(request.json["text"]) <= 4_096
    assert "parse_mode" not in request.json
    receiver.answer = lambda request: Reply(429, b'{"ok":false,"parameters":{"retry_after":17}}')
    assert ours.send(MESSAGE).retry_after_s == 17


def test_a_log_line_has_value_and_labels(caplog: Any) -> None:
    with caplog.at_level(logging.INFO, "obsv.alerts"):
        notifier("log", 'level = "error"').send(MESSAGE)
        notifier("log", 'level = "error"').send(RESOLVED)
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]
    assert "Firing: slow: p95 of shop.price is 2 s (value='2', process='shop.price'" in caplog.text


def test_the_desktop_is_told_by_notify_send(tmp_path: Path, monkeypatch: Any) -> None:
    program = tmp_path / "notify-send"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/said\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert notifier("desktop", "").send(MESSAGE._replace(summary="--help <b>")).ok
    assert (tmp_path / "said").read_text().splitlines()[-3:] == ["--", "Firing: slow", "--help &lt;b>"]
    monkeypatch.setenv("PATH", "/nowhere")
    answer = notifier("desktop", "").send(MESSAGE)
    assert answer.is_final
    assert "libnotify" in answer.text


_SESSION = """
stdbuf -oL dunst -print > "$1/shown" 2> "$1/said" &
dunst=$!
until dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetNameOwner \\
  string:org.freedesktop.Notifications > "$1/owner" 2>&1; do kill -0 $dunst || exit 1; sleep 0.1; done
"$2" -c "$3"
status=$?
kill $dunst
wait $dunst
exit $status
"""
_SEND = """
import sys
from obsv.alerts import parse
from obsv.alerts.messages import Message
from obsv.alerts.notifiers import notifier_of
config = parse('[[alerts.notify]]\\nname = "desk"\\ntype = "desktop"\\n').notifiers["desk"]
labels = {"alertname": "slow"}
message = Message("1", "firing", "f", "slow", labels, "error", "<b>bold</b> & 2 s", 2.0, 1, 0, "/")
answer = notifier_of(config).send(message)
print(answer)
sys.exit(not answer.ok)
"""


def test_a_real_desktop_shows_text_as_text(tmp_path: Path) -> None:
    """By dunst, on a display and a session of its own; `notify-send` returns once it was taken."""
    missing = [each for each in ("dunst", "xvfb-run", "dbus-run-session", "notify-send") if shutil.which(each) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (apt-get install dunst xvfb dbus libnotify-bin)")
    command = ["dbus-run-session", "--", "xvfb-run", "-a", "sh", "-c", _SESSION, "sh", str(tmp_path), sys.executable]
    done = subprocess.run([*command, _SEND], capture_output=True, text=True, timeout=240)
    shown = (tmp_path / "shown").read_text()
    assert done.returncode == 0, (done.stdout, done.stderr, (tmp_path / "said").read_text())
    assert "Firing: slow" in shown
    assert "&lt;b>bold&lt;/b> &amp; 2 s" in shown
    assert "CRITICAL" in shown


@pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")
def test_apprise_takes_the_rest(receiver: Receiver) -> None:
    pytest.importorskip("apprise")
    ours = notifier("apprise", f'url = "{receiver.url.replace("http", "json")}/x"')
    assert ours.send(MESSAGE).ok
    assert receiver.requests[0].json["title"] == "Firing: slow"
    assert notifier("apprise", 'url = "nonsense"').send(MESSAGE).is_final


def test_alertmanager_is_pushed_labels_that_it_takes(receiver: Receiver) -> None:
    ours = notifier("alertmanager", f'url = "{receiver.url}/"\ntoken = "t"')
    assert ours.send(MESSAGE._replace(labels={**MESSAGE.labels, "1 a-b": "x", "empty": ""})).ok
    assert ours.send(RESOLVED).ok
    firing, resolved = receiver.requests
    assert (firing.path, firing.headers["authorization"]) == ("/api/v2/alerts", "Bearer t")
    assert firing.json[0]["labels"]["_1_a_b"] == "x"
    assert "empty" not in firing.json[0]["labels"]
    assert ("endsAt" in firing.json[0], resolved.json[0]["endsAt"]) == (False, "2026-09-21T14:14:20.000000Z")


def test_an_attempt_ends_though_the_receiver_sends_a_byte_now_and_then() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            while not stopping.wait(0.05):
                connection.sendall(b"x")

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    ours = notifier("webhook", f'url = "{url}"\ntimeout = "500ms"')
    assert not safely(lambda: ours.send(MESSAGE)).ok
    stopping.set()
    thread.join()
    listener.close()


@pytest.mark.parametrize("reply", [Reply(200, b"x" * (1 << 22)), Reply(302, b"", {"Location": "http://127.0.0.1:1/"})])
def test_a_huge_answer_is_cut_and_a_redirect_is_not_followed(receiver: Receiver, reply: Reply) -> None:
    receiver.answer = lambda request: reply
    answer = safely(lambda: notifier("webhook", f'url = "{receiver.url}"').send(MESSAGE))
    assert answer.ok is (reply.status == 200)
    assert len(answer.text) <= 4_096


def test_a_status_counts_though_the_receiver_hangs_up_after_it() -> None:
    """It has taken the message, and would get it a second time."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listener.accept()
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\no")
        connection.close()

    thread = threading.Thread(target=answer)
    thread.start()
    sent = safely(lambda: notifier("webhook", f'url = "http://127.0.0.1:{listener.getsockname()[1]}/"').send(MESSAGE))
    thread.join()
    listener.close()
    assert (sent.ok, sent.status) == (True, 200)


def test_what_cannot_be_reached_is_an_attempt_that_failed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    answer = safely(lambda: notifier("webhook", f'url = "{url}"').send(MESSAGE))
    assert not answer.ok
    assert not answer.is_final
    assert "refused" in answer.text
    assert not safely(lambda: notifier("webhook", 'url = "file:///etc/passwd"').send(MESSAGE)).ok


def test_no_answer_shows_a_secret(monkeypatch: Any) -> None:
    monkeypatch.setenv("HOOK", "https://hooks.example.org/T123/very-secret")
    config = NotifierConfig("s", "slack", {"url": Secret("env", "HOOK"), "token": Secret("value", "hunter2hunter2")})
    said = "no route to hooks.example.org/T123/very-secret with\nhunter2hunter2 " + "x" * 500
    assert "very-secret" not in shown(config, said)
    assert "hunter2" not in shown(config, said)
    assert len(shown(config, said)) <= 200
    assert "\n" not in shown(config, said)
