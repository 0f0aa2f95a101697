"""Programs that record a part of their calls: counts, rates and error shares are those of all calls."""

import pytest
from keepers import settle

from obsv.store import Reader
from obsv.store.figures.stats import ProcessStats, process_stats
from tests.runtime.conftest import Program

WRITERS = pytest.mark.parametrize("writer", ["thread", "process"])


def stats(program: Program) -> dict[str, ProcessStats]:
    settle(program.db)
    reader = Reader(program.db)
    try:
        return {each.process.rpartition(".")[2]: each for each in process_stats(reader)}
    finally:
        reader.close()


FAILING = """
import obsv

@obsv.monitor
def price(n):
    if n % 1_000 == 999:
        raise ValueError(n)
    return n

@obsv.monitor
def quote(n):
    try:
        price(n)
    except ValueError:
        pass

for n in range(20_000):
    quote(n)
obsv.force_flush()
"""


@WRITERS
def test_a_share_of_calls(program: Program, writer: str) -> None:
    """1 % sampled, 0.1 % failing: 0.1 % of about 20,000, and each error stands for itself alone."""
    program.run(FAILING, OBSV_SAMPLE_RATE="1%", OBSV_WRITER=writer)
    found = stats(program)
    assert found["price"].errors == 20
    assert found["price"].calls == pytest.approx(20_000, rel=0.4)
    assert found["quote"].errors == 0
    assert 0 < found["price"].unrecorded < found["price"].calls
    states = program.query("select distinct json_extract(detail, '$.traceState') from span where status <> 2")
    assert states == [("ot=th:fd70a3d70a3d7",)] or states == [("ot=th:fd70a3d70a3d71",)]
    assert program.query("select distinct weight, json_extract(detail, '$.traceState') from span where status = 2") == [
        (None, None)
    ]


@WRITERS
def test_a_share_of_traces(program: Program, writer: str) -> None:
    """By OpenTelemetry's own variables: what is inside a sampled call has its probability."""
    variables = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.05"}
    program.run(FAILING, OBSV_WRITER=writer, **variables)
    found = stats(program)
    assert (found["price"].errors, found["quote"].errors) == (20, 0)
    for name in ("price", "quote"):
        assert found[name].calls == pytest.approx(20_000, rel=0.3)
    ((weight,),) = program.query("select distinct weight from span where status <> 2")
    assert weight == 20


@WRITERS
@pytest.mark.parametrize(
    ("settings", "recorded"),
    [
        ({"OBSV_ERRORS_ONLY": "1"}, {"price": 20, "quote": 0}),
        ({"OBSV_SAMPLE_RATE": "0"}, {"price": 20, "quote": 0}),
        ({"OBSV_DEPTH": "1"}, {"price": 20, "quote": 20_000}),
        ({"OBSV_MIN_DURATION": "1h"}, {"price": 20, "quote": 0}),
    ],
)
def test_what_is_left_out_is_counted(
    program: Program, writer: str, settings: dict[str, str], recorded: dict[str, int]
) -> None:
    """Exactly, with its durations, callers and errors; the rows that say so are no calls."""
    program.run(FAILING, OBSV_WRITER=writer, **settings)
    found = stats(program)
    for name in ("price", "quote"):
        assert (found[name].calls, found[name].unrecorded) == (20_000, 20_000 - recorded[name])
    assert (found["price"].errors, found["quote"].errors) == (20, 0)
    assert found["quote"].p50_ns <= found["quote"].p99_ns <= found["quote"].max_ns
    rows = program.query("select weight is null, count(*) from span group by 1 order by 1 desc")
    assert rows[0][1] == sum(recorded.values())
    ((said,),) = program.query("select sum(data_value) from data_trace where data = 'obsv.left_out.calls'")
    assert said == 40_000 - sum(recorded.values())


@WRITERS
def test_calls_in_a_second(program: Program, writer: str) -> None:
    """So many are recorded, the others counted; those of two threads, and what a fork's child does, too."""
    program.run(
        """
        import os, threading, obsv

        @obsv.monitor(max_per_second=100)
        def price(n):
            return n

        def many():
            for n in range(10_000):
                price(n)

        threads = [threading.Thread(target=many) for _ in range(2)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        child = os.fork()
        many()
        if not child:
            obsv.force_flush()
            os._exit(0)
        os.waitpid(child, 0)
        """,
        OBSV_WRITER=writer,
    )
    found = stats(program)["price"]
    assert found.calls == 40_000
    ((recorded,),) = program.query("select count(*) from span where weight is null")
    assert 100 <= recorded == 40_000 - found.unrecorded < 10_000


def test_every_kind_of_function(program: Program) -> None:
    """Coroutines, generators, methods, and plain functions whose result goes on."""
    program.run(
        """
        import asyncio, obsv

        @obsv.monitor
        async def coroutine(): ...
        @obsv.monitor
        def generator():
            yield 1
            yield 2
        @obsv.monitor
        async def stream():
            yield 1
        @obsv.monitor
        def returns():
            async def inner():
                await asyncio.sleep(0.01)
            return inner()
        @obsv.monitor
        class Shop:
            def method(self): ...

        async def main():
            await coroutine()
            assert list(generator()) == [1, 2]
            assert [each async for each in stream()] == [1]
            await returns()
            Shop().method()
        for _ in range(3):
            asyncio.run(main())
        """,
        OBSV_ERRORS_ONLY="true",
    )
    found = stats(program)
    assert {name: (each.calls, each.unrecorded) for name, each in found.items()} == dict.fromkeys(
        ("coroutine", "generator", "stream", "returns", "method"), (3, 3)
    )
    assert found["returns"].p50_ns > 9e6


def test_with_another_provider(program: Program) -> None:
    """Its spans say the share of their function's calls; what is left out is counted."""
    provider = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

trace.set_tracer_provider(TracerProvider())
"""
    quote = "@obsv.monitor\ndef quote"
    code = provider + FAILING.replace(quote, quote.replace("monitor", "monitor(errors_only=True)"))
    program.run(code, OBSV_SAMPLE_RATE="10%")
    found = stats(program)
    assert found["quote"].calls == 20_000
    assert found["price"].errors == 20
    assert found["price"].calls == pytest.approx(20_000, rel=0.2)
