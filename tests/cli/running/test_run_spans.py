"""OpenTelemetry under `obsv run`: spans are there from the first line on, and a program's own provider is its own."""

import pytest
from programs import Programs

OWN = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

def early():
    return 1

{before}
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
print(trace.get_tracer_provider() is provider)

def work():
    return 2

with trace.get_tracer("own").start_as_current_span("own span"):
    work()
trace.set_tracer_provider(TracerProvider())
print(trace.get_tracer_provider() is provider, "own span" in [span.name for span in exporter.get_finished_spans()])
"""


def test_span_before_the_first_recorded_call(programs: Programs) -> None:
    """It is recorded, with the program as its service, and what is called in it stands below it."""
    programs.write(
        "report.py",
        """
        from opentelemetry import trace
        def work():
            return 1
        with trace.get_tracer("x").start_as_current_span("the first line"):
            work()
        """,
    )
    assert programs.recorded("report.py") == (0, "", "")
    rows = programs.rows("process, service, depth, trace_id")
    assert [row[:3] for row in rows] == [("the first line", "report", 0), ("__main__.work", "report", 1)]
    assert rows[0][3] == rows[1][3]


@pytest.mark.parametrize("before", ["", "early()", "trace.get_tracer('x').start_span('early').end()"])
def test_provider_of_the_program(programs: Programs, before: str) -> None:
    """It is set as without obsv, once; its spans reach its exporter, and are recorded."""
    programs.write("main.py", OWN.format(before=before))
    recorded = programs.recorded("main.py")
    assert recorded == programs.plain("main.py")
    assert "Overriding of current TracerProvider is not allowed" in recorded.errors
    rows = programs.rows("process, depth, trace_id", "where process in ('own span', '__main__.work') order by depth")
    assert [row[:2] for row in rows] == [("own span", 0), ("__main__.work", 1)]
    assert rows[0][2] == rows[1][2]


def test_spawned_processes(programs: Programs) -> None:
    """So it is in processes that the program spawns."""
    programs.write(
        "main.py",
        """
        import multiprocessing
        from opentelemetry import trace
        def work(n):
            return n
        if __name__ == "__main__":
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                pool.map(work, [1])
                pool.close()
                pool.join()
        else:
            trace.get_tracer("x").start_span("while it is imported").end()
        """,
    )
    assert programs.recorded("main.py").code == 0
    assert ("while it is imported",) in programs.rows()


def test_threads(programs: Programs) -> None:
    """Calls in a thread, or in a pool of the event loop, appear below their caller."""
    programs.write(
        "main.py",
        """
        import asyncio, threading
        def inner(): pass
        def starts():
            thread = threading.Thread(target=inner)
            thread.start()
            thread.join()
        async def awaits():
            await asyncio.get_running_loop().run_in_executor(None, inner)
        starts()
        asyncio.run(awaits())
        """,
    )
    assert programs.recorded("main.py") == (0, "", "")
    query = "where process = '__main__.inner' order by ts"
    assert programs.rows("depth", query) == [(1,), (1,)]
