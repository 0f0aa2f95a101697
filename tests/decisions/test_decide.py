"""Decisions of whole programs: from a block of the program to rows of the journal."""

from __future__ import annotations

import json
import marshal
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.conftest import Program

import obsv
from obsv.decisions import decision, results
from obsv.decisions.carrier import plain_text
from obsv.errors import ConfigurationError, InvalidEvent
from obsv.own_time import unix_ns
from obsv.trace.clock import Clock

GATES = "select gate, observed, passed, state, margin, text from gate_result where decision_id = ? order by position"
MADE = """
select d.*, p.process, q.process from decision d join process_trace p using (trace_id, span_id)
join process_trace q on q.trace_id = p.trace_id and q.span_id = p.parent_span_id
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def test_a_decision_is_a_span_with_its_gates(program: Program) -> None:
    """Below the call that makes it; each gate is kept, after a refusal as a shadow; secrets are masked."""
    out = program.run(
        """
        import obsv
        from datetime import datetime, timezone
        from decimal import Decimal

        @obsv.monitor
        def spread():
            return 3.25

        @obsv.monitor
        def enter(symbol):
            with obsv.decide("entry", symbol, "scalp", actor="m1", side="buy", token="abc") as d:
                d.input("spread", spread(), datetime.now(timezone.utc))
                held = [
                    d.gate("spread", Decimal("3.25"), "<=", 5.0),
                    d.gate("volume", 9, "<", 4, version="2"),
                    d.gate("news", None, "<=", 1.0),
                    d.gate("api_key", "abc", "in", ("abc", "xyz"), text="{gate} {verdict} {observed}"),
                ]
                d.action = "wait"
            print(held, d.verdict, d.passed, d.refused_by)
            d.outcome(pnl=2.0)
            return d.id

        print(enter("ETH-USD"))
        """,
        OTEL_SERVICE_NAME="desk",
    ).stdout.splitlines()
    assert out[0] == "[True, False, False, True] block False volume"
    (made,) = program.query(MADE)
    assert made[1:9] == (out[1], "entry", "ETH-USD", "scalp", "block", "wait", "m1", None)
    assert (made[18], *made[-2:]) == ("desk", "decision.entry", "__main__.enter")
    columns = dict(zip(["inputs", "attributes", "violations", "exception"], made[12:16], strict=True))
    assert json.loads(columns["inputs"])["spread"]["value"] == 3.25
    assert (json.loads(columns["attributes"]), columns["violations"]) == ({"side": "buy", "token": "***"}, "[]")
    assert program.query(GATES, out[1]) == [
        ("spread", 3.25, 1, "evaluated", 1.75, "spread: 3.25 <= 5.0 holds"),
        ("volume", 9, 0, "evaluated", -5.0, "volume: 9 < 4 does not hold"),
        ("news", "None", 0, "shadow", None, "news: None <= 1 cannot be evaluated: TypeError"),
        ("api_key", "***", 1, "shadow", None, "api_key pass ***"),
    ]
    assert program.query("select pnl, decision_ts is not null from outcome") == [(2.0, 1)]


@pytest.mark.parametrize("core", ["c", "py"])
def test_kill_9_loses_no_decision(program: Program, core: str) -> None:
    """Nor does a full lane: they are in the lane of errors."""
    process = program.start(
        """
        import obsv, os, signal
        obsv.configure(spill_max_bytes="1MB")

        @obsv.monitor
        def fill(text):
            return text

        for number in range(200):
            with obsv.decide("entry", f"s{number}") as d:
                d.gate("n", number, "<", 100)
            for _ in range(20):
                fill("x" * 1_000)
        obsv.outcome(d.id, pnl=1)
        obsv.counterfactual(d.id, "assumed", pnl=-1)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        OBSV_CORE=core,
        OBSV_ON_FULL="drop",
    )
    process.communicate(timeout=120)
    assert program.query("select count(*), count(distinct subject), sum(verdict = 'block') from decision") == [
        (200, 200, 100)
    ]
    assert program.query("select count(*) from outcome_seen") == [(2,)]


def test_blocks_that_await_or_fail(program: Program) -> None:
    """`async with` is the same; an exception is kept as the verdict `error`, and goes on."""
    program.run(
        """
        import asyncio, obsv

        async def deploy(share):
            async with obsv.decide("deploy", mode="canary") as d:
                await asyncio.sleep(0)
                d.gate("errors", share, "<", 0.05)

        async def main():
            await asyncio.gather(deploy(0.01), deploy(0.5))

        asyncio.run(main())
        try:
            with obsv.decide("deploy") as d:
                raise KeyError("password=hunter2")
        except KeyError as error:
            pass
        with obsv.decide("deploy", shadow=True) as d:
            d.verdict = "block"
        obsv.shutdown()
        """
    )
    rows = program.query("select verdict, refused_by, shadow, exception from decision order by verdict, shadow")
    assert rows[0][:3] == ("block", "errors", 0)
    assert rows[1][:3] == ("block", None, 1)
    assert (rows[2][0], rows[3][0]) == ("error", "pass")
    assert rows[2][3].startswith("KeyError")
    assert "hunter2" not in rows[2][3]


def test_other_ways_of_recording_keep_them_too(program: Program) -> None:
    """Under sampling, which is of calls; with recording off the gates are evaluated all the same."""
    source = """
        import obsv
        {}
        with obsv.decide("entry") as d:
            assert d.gate("a", 1, "<", 2) and not d.gate("b", 3, "<", 2)
        assert d.verdict == "block"
        obsv.shutdown()
        """
    program.run(source.format("obsv.configure(sample_rate=0.0)"))
    assert program.query("select verdict, refused_by from decision") == [("block", "b")]
    program.run(source.format(""), OTEL_SDK_DISABLED="true")
    assert program.query("select count(*) from decision") == [(1,)]


class TestTimes:
    """Rules of time: broken ones are kept with the decision, or raised where that was asked for."""

    now = datetime.now(timezone.utc)

    @pytest.mark.parametrize(
        ("as_of", "told"),
        [
            (datetime(2026, 1, 1), "input x: as_of has no time zone"),
            ("2026-01-01", "input x: as_of is not a datetime but str"),
            (now + timedelta(days=1), "input x: as_of is after decision_time"),
        ],
    )
    def test_raise(self, as_of: object, told: str) -> None:
        """A value from the future, or from nowhere, ends the block if so asked."""
        with pytest.raises(InvalidEvent, match=told), obsv.decide("entry", on_invalid="raise") as d:
            d.input("x", 1.0, as_of)  # type: ignore[arg-type]

    def test_record(self) -> None:
        """By default the program goes on, with its value."""
        with obsv.decide("entry") as d:
            assert d.input("x", 1.0, datetime(2026, 1, 1)) == 1.0
            assert d.input("y", 2.0, self.now) == 2.0

    def test_the_clock_is_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An input is in time after the machine's clock went on, and stays so if it is set back before the end."""
        step, told = [0], []
        machine = Clock(lambda: unix_ns() + step[0])
        monkeypatch.setattr(decision, "clock", machine)
        monkeypatch.setattr(decision, "carry", lambda name, about, at_ns, place: told.append((dict(about), at_ns)))
        with obsv.decide("entry", on_invalid="raise") as d:
            step[0] = 3_000_000_000
            d.input("x", 1.0, datetime.now(timezone.utc) + timedelta(seconds=3))
            latest = unix_ns() + step[0]
            step[0] = -5_000_000_000
            machine.calibrate()
        ((about, at_ns),) = told
        assert "violations" not in about
        assert latest - 1_000_000_000 < at_ns <= latest

    def test_cutoff(self) -> None:
        """The cutoff of an outcome has a zone."""
        with pytest.raises(InvalidEvent, match="label_cutoff has no time zone"):
            obsv.outcome("1", label_cutoff=datetime(2026, 1, 1), on_invalid="raise")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: obsv.decide(""),
        lambda: obsv.decide(7),  # type: ignore[arg-type]
        lambda: obsv.decide("entry", on_invalid="ignore"),  # type: ignore[arg-type]
        lambda: obsv.outcome(""),
        lambda: obsv.counterfactual("1", "guessed"),
        lambda: obsv.counterfactual("1", "shadow", judgement="fine"),
    ],
)
def test_what_cannot_be_meant_is_said(wrong: object) -> None:
    """When it is called, and what to write instead."""
    with pytest.raises(ConfigurationError, match=", not "):
        wrong()  # type: ignore[operator]


class Odd:
    """A value whose every method raises."""

    def __getattribute__(self, name: str) -> object:
        raise RuntimeError("no")

    def __le__(self, other: object) -> bool:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_odd_values_reach_nobody() -> None:
    """A gate that cannot be evaluated refuses; nothing of obsv is raised into the block."""
    with obsv.decide("entry", Odd(), odd=Odd()) as d:  # type: ignore[arg-type]
        assert not d.gate("a", Odd(), "<=", 1)
        assert not d.gate("b", 1, "≤", 1)
        assert not d.gate("c", 1)
        assert not d.gate("d", 5, "between", 7)
        d.input("e", Odd())
        for number in range(300):
            d.gate(f"g{number}", number, "<", 1e9)
    assert d.verdict == "block"
    d.outcome(pnl=Odd())
    d.counterfactual("assumed", pnl=Odd())


@pytest.mark.parametrize(
    ("metrics", "judgement"),
    [
        ({"pnl": -1.0}, "good"),
        ({"pnl": 1.0}, "bad"),
        ({"pnl": 0}, "neutral"),
        ({"pnl": 1.0, "pnl_bps": 9}, "neutral"),
        ({"pnl_bps": 11}, "bad"),
        ({"pnl_bps": -1}, "good"),
        ({"hits": 3}, ""),
        ({"pnl": "much"}, ""),
    ],
)
def test_refusals_are_judged_by_what_was_missed(metrics: dict[str, object], judgement: str) -> None:
    """A loss avoided is good, ten basis points missed are bad."""
    from obsv.decisions.results import judged

    assert judged(metrics) == judgement


class Carried:
    """The attributes of what was carried, as a file of the ring has them."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def __call__(self, event_name: str, attributes: tuple[tuple[str, Any], ...], *_: object) -> None:
        self.told.append(dict(marshal.loads(marshal.dumps(attributes, 2))))


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> Carried:
    found = Carried()
    for module in (decision, results):
        monkeypatch.setattr(module, "carry", found)
    return found


@pytest.mark.parametrize("value", [Decimal("sNaN"), Fraction(10**400), 10**5_000], ids=["sNaN", "fraction", "int"])
def test_numbers_that_no_float_holds_are_shown(carried: Carried, value: Any) -> None:
    """In each place of a decision and of its results, bounded; nothing is raised into the program."""
    with obsv.decide("entry", size=value) as d:
        d.input("n", value)
        d.gate("g", value, "==", value)
    d.outcome(pnl=value)
    d.counterfactual("shadow", pnl=value)
    made, *told = carried.told
    shown = [
        made["fields"]["size"],
        made["inputs"][0][1],
        made["gates"][0][2],
        *(each["metrics"]["pnl"] for each in told),
    ]
    assert len(shown) == 5
    assert all(each[0] is ... and len(repr(each)) < 200 for each in shown)


class Side(Enum):
    """A value of a program, told apart from its text."""

    BUY = "buy"


class Word(str):
    """A text of a program, which is shown otherwise."""

    def __str__(self) -> str:
        return "no"


@pytest.mark.parametrize("text", [Side.BUY, Word("buy")], ids=["member", "subclass"])
def test_members_and_subclasses_are_kept_as_their_texts(carried: Carried, text: Any) -> None:
    """Wherever a decision takes a text."""
    with obsv.decide(Word("entry"), text, text, actor=text, **{Word("field"): 1}) as d:
        d.gate(text, 3, Word("<"), 2, version=text, text=text)
        d.input(text, 1)
        d.action = text
        d.verdict = text
    obsv.outcome(Word("7"))
    obsv.counterfactual(Word("7"), Word("shadow"), alternative=text, judgement=Word("good"))
    made, seen, other = carried.told
    assert [made[name] for name in ("subject", "mode", "actor", "action", "verdict", "refused_by")] == ["buy"] * 6
    assert (made["kind"], made["fields"], made["inputs"]) == ("entry", {"field": 1}, (("buy", 1, None),))
    (gate,) = made["gates"]
    assert (gate[0], gate[1], gate[3], gate[8]) == ("buy", "buy", "<", "buy")
    assert (seen["id"], other["id"], other["method"], other["alternative"]) == ("7", "7", "shadow", "buy")


def test_what_has_no_text_is_named_by_its_class() -> None:
    """Whatever it raises instead."""
    assert plain_text(Odd()) == "Odd"
