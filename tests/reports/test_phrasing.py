"""Summaries by language models: one that lies has no way to print a number."""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from obsv.errors import ConfigurationError
from obsv.reports import Report, as_text, phrased, question, routes
from obsv.reports.references import REFERENCE, fill
from obsv.reports.routing import Route

ROUTE = Route("small", "http://127.0.0.1:1/v1", "llama")
LIES = [
    "We won 99 % of {{trades}} trades.",
    "The win rate of {{win_rate}} is really ninety-nine percent.",
    "{{trades}} trades doubled our money.",
    "Half of {{trades}} were wins.",
    "The rate is {{win_rate}}9.",
    "9{{win_rate}}",
    "-{{total_pnl}} was made.",
    "We made minus {{total_pnl}}.",
    "{{trades}}k trades.",
    "{{trades}} k trades were made.",
    "{{trades}} thousand trades.",
    "{{trades}}{{decisions}} trades.",
    "XIV of {{trades}} lost.",
    "The share was ⅔ of {{trades}}.",
    "{{trades}} trades, &frac12; won.",
    "{{trades}} trades <b>won</b>.",
    "{{trades}} trades, see [here](http://x).",
    "Fünfzig von {{trades}} gewannen.",
    "{{trades}} trades won $many.",
    "{{ trades }} and {{invented}} trades.",
    "{{trades trades}}",
    *(
        f"There were {{{{trades}}}} trades and {word} won."
        for word in (
            "both",
            "a single one",
            "a trio",
            "naught",
            "a grand",
            "a lakh",
            "four fifths",
            "the nineties",
            "treble that",
            "quintuple that",
            "a fortnight of them",
            "several",
            "the whole of them",
        )
    ),
    "Nobody lost in {{trades}}.",
    "No numbers here.",
    "",
    "{{trades}} " + "word " * 2_000,
]


@pytest.mark.parametrize("lie", LIES)
def test_lie_is_refused(lie: str, report: Report) -> None:
    """The template is used instead."""
    assert phrased(report, [ROUTE], lambda *_: lie) is report


def test_honest_text_is_taken(report: Report) -> None:
    """Its numbers are printed with what they are: none can stand under another name."""
    text = "We made {{trades}} trades, and the losses were {{win_rate}}."
    found = phrased(report, [ROUTE], lambda *_: text)
    assert found.phrased_by == "small (llama)"
    assert as_text(found).startswith("We made 90 (Closed trades) trades, and the losses were 35.6 % (Win rate).")
    assert found.sections == report.sections


def test_thousand_lies(report: Report) -> None:
    """Of texts with a number changed, added or spelled, none is printed with a number that no statement gave."""
    dice = random.Random(7)
    keys = [key for key, fact in report.facts.items() if fact.sql]
    pieces = [
        "1",
        "27",
        "50 %",
        "ten",
        "twenty",
        "dozen",
        "%",
        "k",
        "XX",
        "½",
        "三",
        "e",
        "-",
        "+",
        ".",
        ",",
        "million",
    ]
    words = ["profit", "was", "and", "the", "rate", "of", "trades", "good", "better", "worse"]
    passed = 0
    for _ in range(1_000):
        text = [f"{{{{{dice.choice(keys)}}}}}" if dice.random() < 0.3 else dice.choice(words) for _ in range(12)]
        for _ in range(dice.randrange(3)):
            text.insert(dice.randrange(len(text)), dice.choice(pieces))
        lie = "".join(each + dice.choice((" ", " ", " ", "", "\n")) for each in text)
        found = phrased(report, [ROUTE], lambda *_, lie=lie: lie)
        if found is report:
            continue
        passed += 1
        bare = REFERENCE.sub("", found.summary)
        assert not re.search(r"\d", bare)
        shown = fill(found.summary, found.facts, lambda fact: fact.text)
        allowed = [f"{fact.text} ({fact.title})" for fact in report.facts.values() if fact.sql]
        for each in sorted(allowed, key=len, reverse=True):
            shown = shown.replace(each, "")
        assert not re.search(r"\d", shown), lie
    assert 50 < passed < 950


class Model(BaseHTTPRequestHandler):
    """An OpenAI-compatible endpoint that says what the test wants, and keeps what it was asked."""

    says: str = ""
    status: int = 200
    asked: ClassVar[list[tuple[str, str, dict[str, object]]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, self.headers.get("Authorization", ""), body))
        answer = json.dumps({"choices": [{"message": {"content": self.says}}]}).encode()
        self.send_response(self.status)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    Model.says, Model.status = "", 200
    Model.asked.clear()
    server = HTTPServer(("127.0.0.1", 0), Model)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def test_endpoint_is_asked(endpoint: str, report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the facts, the model's name and the key; a redirect, an error or nonsense is no answer."""
    monkeypatch.setenv("MODEL_KEY", "k1")
    route = Route("small", endpoint, "llama", "MODEL_KEY")
    Model.says = "There were {{decisions}} decisions."
    assert phrased(report, [route]).phrased_by
    path, key, body = Model.asked[0]
    assert (path, key, body["model"]) == ("/v1/chat/completions", "Bearer k1", "llama")
    assert "{{decisions}} = Decisions: 150" in question(report)
    for Model.status in (307, 500):
        assert phrased(report, [route]) is report
    monkeypatch.delenv("MODEL_KEY")
    assert phrased(report, [route, ROUTE, Route("file", "file:///etc/passwd", "x")]) is report


def test_next_model_is_asked(endpoint: str, report: Report) -> None:
    """When the first does not answer."""
    Model.says = "There were {{decisions}} decisions."
    assert phrased(report, [ROUTE, Route("second", endpoint, "m")]).phrased_by == "second (m)"


def test_routing_by_task_and_cost(tmp_path: Path) -> None:
    """The cheapest of the task's models first, none that costs too much; no file, no model."""
    path = tmp_path / "ai_routing.yaml"
    assert routes(path, "daily", 1_000) == []
    path.write_text(
        "models:\n  big: {url: 'http://b/v1', model: b, cost: 15}\n  small: {url: 'http://s/v1', model: s, cost: 0.5}\n"
        "tasks:\n  daily: {models: [big, small], most_cost: 0.01}\n  weekly: {models: [big, small]}\n"
    )
    assert [each.name for each in routes(path, "daily", 1_000)] == ["small"]
    assert [each.name for each in routes(path, "weekly", 1_000)] == ["small", "big"]
    for text in (
        "- 1",
        "models: {a: {}}\ntasks: {daily: {models: [a]}}",
        "models: {}\ntasks: {daily: {models: [x]}}",
        "a: [",
    ):
        path.write_text(text)
        with pytest.raises(ConfigurationError, match=re.escape(str(path))):
            routes(path, "daily", 1_000)
