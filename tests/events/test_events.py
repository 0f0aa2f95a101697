"""Events of whole programs: from a line of the program to rows of the view `log`."""

import json
from pathlib import Path

import pytest
from tests.runtime.conftest import Program

COLUMNS = "severity_number, severity_text, event_name, body, attributes, process, service, logger, thread"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def test_an_event_stands_in_its_trace(program: Program) -> None:
    """With the call in which it happened, its values bounded and secrets masked."""
    program.run(
        """
        import obsv

        @obsv.monitor
        def order(number):
            obsv.event("order.rejected", "warn", number=number, password="hunter2", why={"stock": 0, "at": None})
            obsv.event("order.noted", body="kept", text="x" * 5_000)

        order(7)
        obsv.event("outside", severity=20)
        """,
        OTEL_SERVICE_NAME="shop",
    )
    rejected, noted, outside = program.query(f"select {COLUMNS} from log order by ts")
    attributes = {"number": 7, "password": "***", "why": {"stock": 0, "at": None}}
    assert rejected == (
        13, "WARN", "order.rejected", None, json.dumps(attributes, separators=(",", ":")), "__main__.order", "shop",
        "__main__", "MainThread",
    )  # fmt: skip
    assert (noted[:4], outside[:3], outside[5]) == ((9, "INFO", "order.noted", "kept"), (20, "ERROR4", "outside"), None)
    assert json.loads(noted[4])["text"].endswith("(5,000 characters)")
    joined = "select count(*) from log l join process_trace p using (trace_id, span_id) where p.process = l.process"
    assert program.query(joined) == [(2,)]
    assert program.query("select count(*) from log where trace_id is null and span_id is null") == [(1,)]


@pytest.mark.parametrize("writer", ["process", "thread"])
def test_events_need_no_recorded_call(program: Program, writer: str) -> None:
    """The first one starts the recording, as the first call does."""
    program.run("import obsv\nfor n in range(3): obsv.event('tick', n=n)", OBSV_WRITER=writer)
    assert program.query("select attributes from log order by ts") == [('{"n":0}',), ('{"n":1}',), ('{"n":2}',)]


def test_an_event_is_beside_spans_of_others(program: Program) -> None:
    """In the trace of a span that the SDK made."""
    program.run(
        """
        import obsv
        from opentelemetry import trace
        obsv.configure()
        with trace.get_tracer("web").start_as_current_span("GET /"):
            obsv.event("cache.miss")
        """
    )
    assert program.query("select count(*) from log l join process_trace p using (trace_id, span_id)") == [(1,)]


def test_logging(program: Program) -> None:
    """Message, level, logger, extra fields and exception; once, however many handlers it reaches; never obsv's own."""
    program.run(
        """
        import logging, obsv
        from obsv.events import LogHandler

        logging.getLogger().addHandler(LogHandler())
        logging.getLogger("shop").addHandler(LogHandler())

        @obsv.monitor
        def sell():
            try:
                {}["tea"]
            except KeyError:
                logging.getLogger("shop.desk").exception("no %s", "tea", extra={"shelf": {"row": 3}, "token": "abc"})

        sell()
        logging.getLogger("shop").warning("odd %d", "text")
        logging.getLogger("obsv").error("own")
        """
    )
    failed, odd = program.query(f"select {COLUMNS} from log order by ts")
    attributes = json.loads(failed[4])
    assert (failed[0], failed[1], failed[3], failed[5], failed[7]) == (
        17,
        "ERROR",
        "no tea",
        "__main__.sell",
        "shop.desk",
    )
    assert (attributes["shelf"], attributes["token"]) == ({"row": 3}, "***")
    assert (attributes["exception.type"], attributes["exception.message"]) == ("KeyError", "'tea'")
    assert attributes["exception.stacktrace"].endswith("KeyError: 'tea'\n")
    assert attributes["code.function.name"] == "sell"
    assert odd[3] == "odd %d ('text',)"


def test_structlog_and_loguru(program: Program) -> None:
    """Their fields, levels and exceptions, in the trace of the call."""
    program.run(
        """
        import loguru, obsv, structlog
        from obsv.events import loguru_sink, structlog_processor

        structlog.configure(processors=[structlog_processor, structlog.processors.JSONRenderer()])
        loguru.logger.remove()
        loguru.logger.add(loguru_sink)

        @obsv.monitor
        def sell():
            structlog.get_logger().warning("low stock", item="tea", left=2)
            try:
                1 / 0
            except ZeroDivisionError:
                loguru.logger.bind(item="tea").exception("no price")

        sell()
        """
    )
    first, second = program.query(f"select {COLUMNS} from log order by ts")
    assert (first[1], first[3], json.loads(first[4]), first[5]) == (
        "warning", "low stock", {"item": "tea", "left": 2}, "__main__.sell",
    )  # fmt: skip
    attributes = json.loads(second[4])
    assert (second[1], second[3], attributes["item"], attributes["exception.type"], second[5]) == (
        "ERROR", "no price", "tea", "ZeroDivisionError", "__main__.sell",
    )  # fmt: skip


def test_kill_9_loses_no_event(program: Program) -> None:
    """All events of a program are in its ring, including those below ERROR."""
    process = program.start(
        """
        import os, signal, obsv
        for number in range(5_000):
            obsv.event("tick", severity="ERROR" if number % 100 == 0 else "INFO", number=number)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    process.communicate(timeout=240)
    assert program.query("select count(*), count(distinct attributes), sum(severity_number = 17) from log") == [
        (5_000, 5_000, 50)
    ]


def test_a_fork_has_its_own_ring(program: Program) -> None:
    """Events of parent and child are all there."""
    program.run(
        """
        import os, obsv
        obsv.event("before")
        pid = os.fork()
        obsv.event("child" if pid == 0 else "parent")
        if pid:
            os.waitpid(pid, 0)
        """
    )
    assert sorted(program.query("select event_name from log")) == [("before",), ("child",), ("parent",)]


def test_what_is_no_event_is_refused(program: Program) -> None:
    """At the line that is wrong; nothing else of the program suffers from its values."""
    program.run(
        """
        import obsv
        from obsv.errors import ConfigurationError

        class Odd:
            def __repr__(self): raise RuntimeError
            __str__ = __hash__ = __eq__ = __repr__

        for wrong in (lambda: obsv.event(""), lambda: obsv.event(3), lambda: obsv.event("x", severity="loud")):
            try:
                wrong()
            except ConfigurationError:
                continue
            raise AssertionError
        deep, big = [[[[[[1]]]]]], "x" * 10_000_000
        obsv.event("odd", body=Odd(), value=Odd(), deep=deep, big=big, lone="\\ud800", nul="a\\0b")
        """
    )
    ((attributes, body),) = program.query("select attributes, body from log")
    assert json.loads(attributes)["value"].startswith("<__main__.Odd at 0x") or "Odd" in json.loads(attributes)["value"]
    assert "Odd" in body
    assert len(attributes) < 5_000


def test_stats_count_events(program: Program) -> None:
    """Made is stored, waiting or dropped."""
    result = program.run(
        """
        import json, obsv
        for number in range(100):
            obsv.event("tick")
        obsv.force_flush()
        print(json.dumps(obsv.stats()))
        """
    )
    stats = json.loads(result.stdout)
    assert (stats["recorded"], stats["exported"], stats["depth"], stats["events_dropped"]) == (100, 100, 0, {})
