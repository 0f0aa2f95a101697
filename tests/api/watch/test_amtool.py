"""`amtool` manages obsv's silences: each command says what it says of a real Alertmanager with the same alerts."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from alertmanagers import amtool, running_alertmanager
from serving import serving

from obsv.store import Writer
from obsv.store.seam import open_store

ODD = 'a "b" \\c ü😀, <b>'
RULES = """
[alerts]
check_interval_seconds = 1
url = "https://obsv.example"
[[alerts.notify]]
name = "team"
type = "webhook"
url = "http://127.0.0.1:9"
[[alerts.rule]]
name = "always"
query = "select 'shop' as process, 'a \\"b\\" \\\\c ü😀, <b>' as odd, 5"
threshold = 1
severity = "page"
[[alerts.rule]]
name = "with space"
query = "select 'p,q' as process, 5"
threshold = 1
notify = ["team", "log"]
"""


class Both(NamedTuple):
    """obsv and a real Alertmanager, which was told of the same alerts."""

    ours: str
    theirs: str

    def say(self, *arguments: str) -> tuple[str, str]:
        """The output of a command for each of the two, as far as it is not about their own IDs and times."""
        return _said(self.ours, *arguments), _said(self.theirs, *arguments)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    directory = tmp_path_factory.mktemp("amtool")
    db = directory / "o.db"
    Writer(db).open()
    (directory / "alerts.toml").write_text(RULES)
    with serving(db) as ours, running_alertmanager(directory) as theirs:
        while len(open_store(db).read_alerts()) < 2:
            time.sleep(0.05)
        found = httpx.get(f"{ours}/alertmanager/api/v2/alerts", timeout=120).json()
        posted = [{"labels": each["labels"], "annotations": each["annotations"]} for each in found]
        httpx.post(f"{theirs}/api/v2/alerts", json=posted, timeout=120).raise_for_status()
        yield Both(f"{ours}/alertmanager", theirs)


def _said(address: str, *arguments: str) -> str:
    done = amtool(address, *arguments)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", done.stdout)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "TIME", text)
    return f"{done.returncode}: " + "\n".join(sorted(" ".join(line.split()) for line in text.splitlines()))


def made(address: str, *arguments: str) -> str:
    """Silence something; return the ID."""
    done = amtool(address, "silence", "add", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "matchers",
    [
        ["always"],
        ["alertname=with space"],
        ['alertname="with space"'],
        [r'odd="a \"b\" \\c ü😀, <b>"'],
        [r"odd=~a .*"],
        ["process=p,q"],
        ['process!~"shop|x"', "severity=error"],
        ["nothing="],
        ["nothing!="],
        ['odd="'],
        ['odd=a"b'],
        ["odd=~("],
    ],
)
def test_alerts_are_found_by_matchers(both: Both, matchers: list[str]) -> None:
    ours, theirs = both.say("alert", "query", *matchers)
    assert ours == theirs


@pytest.mark.parametrize("option", ["--active", "--silenced", "--inhibited", "--unprocessed"])
def test_alerts_are_found_by_state(both: Both, option: str) -> None:
    ours, theirs = both.say("alert", "query", option)
    assert ours == theirs


def test_alerts_are_found_by_receiver(both: Both) -> None:
    names = {}
    for receiver in ("log", "te.*", "te", "none"):
        found = json.loads(amtool(both.ours, "alert", "query", f"--receiver={receiver}", "-o", "json").stdout)
        names[receiver] = sorted(each["labels"]["alertname"] for each in found)
    assert names == {"log": ["always", "with space"], "te.*": ["with space"], "te": [], "none": []}


def test_a_silence_is_made_found_changed_and_expired(both: Both) -> None:
    odd = [r'odd="a \"b\" \\c ü😀, <b>"', "process=~sh.*", "-a", "me", "-c", 'why "not" ü😀', "-d", "1h"]
    ids = {address: made(address, *odd) for address in both}
    steps: list[tuple[str, ...]] = [
        ("silence", "query"),
        ("silence", "query", "-o", "simple"),
        ("silence", "query", "process=~sh.*"),
        ("silence", "query", "alertname=other"),
        ("silence", "query", "--created-by=me"),
        ("silence", "query", "--within=30m"),
        ("alert", "query"),
        ("alert", "query", "--silenced"),
    ]
    for step in steps:
        ours, theirs = both.say(*step)
        assert ours == theirs, step
    ours, theirs = [_said(address, "silence", "update", "-d", "2h", "-c", "still", ids[address]) for address in both]
    assert ours == theirs
    for address in both:
        assert ids[address] in amtool(address, "silence", "query", "-q").stdout
        assert amtool(address, "silence", "expire", ids[address]).returncode == 0
    for step in [*steps, ("silence", "query", "--expired", "--within=1h")]:
        ours, theirs = both.say(*step)
        assert ours == theirs, step


def test_an_expired_silence_that_is_changed_is_another_one(both: Both) -> None:
    """The former one stays in the list, which tells what was silenced when."""
    for address in both:
        id = made(address, "alertname=gone", "-c", "once")
        amtool(address, "silence", "expire", id)
        assert amtool(address, "silence", "update", "-d", "1h", "-c", "again", id).returncode == 0
        (active,) = json.loads(amtool(address, "silence", "query", "alertname=gone", "-o", "json").stdout)
        assert (active["id"] != id, active["comment"]) == (True, "again")
        amtool(address, "silence", "expire", active["id"])


def test_silences_are_taken_from_one_to_another(both: Both, tmp_path: Path) -> None:
    id = made(both.theirs, 'process=~"a|b"', f"odd={json.dumps(ODD, ensure_ascii=False)}", "-c", "moved", "-d", "3h")
    exported = amtool(both.theirs, "silence", "query", "-o", "json").stdout
    file = tmp_path / "silences.json"
    file.write_text(exported)
    assert amtool(both.ours, "silence", "import", str(file)).returncode == 0
    (ours,) = json.loads(amtool(both.ours, "silence", "query", "-o", "json").stdout)
    (theirs,) = json.loads(exported)
    assert [ours[key] for key in ("comment", "createdBy", "matchers")] == [
        theirs[key] for key in ("comment", "createdBy", "matchers")
    ]
    amtool(both.theirs, "silence", "expire", id)
    amtool(both.ours, "silence", "expire", ours["id"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["silence", "add", 'x=~".*"', "-c", "all"], "at least one label value"),
        (["silence", "add", "x=y", "-c", "long", "-d", "5y"], "within a year"),
        (["alert", "query", 'x="'], "Cannot parse the matcher"),
        (["alert", "add", "foo=bar"], "from its rules"),
    ],
)
def test_what_is_refused_says_why(both: Both, arguments: list[str], said: str) -> None:
    done = amtool(both.ours, *arguments)
    assert done.returncode != 0
    assert said in done.stderr


def test_the_routes_are_those_of_the_rules(both: Both, tmp_path: Path) -> None:
    assert amtool(both.ours, "config", "routes", "test", "alertname=with space").stdout.strip() == "team,log"
    assert amtool(both.ours, "config", "routes", "test", "alertname=else").stdout.strip() == "log"
    file = tmp_path / "shown.yml"
    file.write_text(amtool(both.ours, "config", "show").stdout)
    assert "SUCCESS" in amtool(both.ours, "check-config", str(file)).stdout
    assert "127.0.0.1:9" not in file.read_text()
    assert "disabled" in amtool(both.ours, "cluster", "show").stdout


def test_an_alerts_link_leads_to_the_app(both: Both) -> None:
    found = httpx.get(f"{both.ours}/api/v2/alerts", timeout=120).json()
    assert {each["generatorURL"] for each in found} == {
        "https://obsv.example/code?process=shop", "https://obsv.example/code?process=p%2Cq"
    }  # fmt: skip
