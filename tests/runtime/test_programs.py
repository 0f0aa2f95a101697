"""Whole programs: what a user's program records, from the first call to the last."""

import json
import sys
from collections.abc import Callable

import pytest
from programs import without_delay

from tests.runtime.conftest import Program


def test_nothing_but_the_decorator_is_needed(program: Program) -> None:
    """The first recorded call starts everything; the end of the program writes the rest."""
    program.run(
        """
        from obsv import monitor

        @monitor
        def price(order_id: int, symbol: str):
            if symbol == "BAD":
                raise ValueError("no such symbol")
            return {"order_id": order_id, "price": 1.5}

        price(1, "AAPL")
        try:
            price(2, "BAD")
        except ValueError:
            pass
        """,
        OTEL_SERVICE_NAME="shop",
    )
    assert program.query("select process, status, service, process_group, depth from process_trace order by ts") == [
        ("__main__.price", "OK", "shop", "__main__", 0),
        ("__main__.price", "ERR", "shop", "__main__", 0),
    ]
    assert program.query("select data, data_type, data_value, status from data_trace order by ts, rowid")[:3] == [
        ("order_id", "INPUT", "1", "OK"),
        ("symbol", "INPUT", "'AAPL'", "OK"),
        ("return", "OUTPUT", "{'order_id': 1, 'price': 1.5}", "OK"),
    ]
    (exception,) = program.query("select exception from process_trace where status = 'ERR'")[0]
    assert exception.endswith("ValueError: no such symbol\n")
    (code,) = program.query("select source_text from code")[0]
    assert code.startswith("@monitor\ndef price(")
    (stats,) = program.query("select stats from recorder")[0]
    assert json.loads(stats)["recorded"] == 2


def test_default_path(program: Program) -> None:
    """Without OBSV_DB the store is logs/observability.db below the working directory."""
    program.db = program.directory / "logs" / "observability.db"
    program.run("import obsv, os\nobsv.monitor(lambda: 1)()\n", OBSV_DB="")
    assert program.count() == 1


def test_eight_threads_at_full_speed(program: Program) -> None:
    """Every call is in the store, and nothing is dropped; `benchmarks burst` makes a million."""
    result = program.run(
        """
        import json, threading, obsv

        @obsv.monitor
        def work(thread: int, number: int) -> int:
            return number

        def loop(thread: int) -> None:
            for number in range(10_000):
                work(thread, number)

        threads = [threading.Thread(target=loop, args=(i,)) for i in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert obsv.force_flush(200)
        print(json.dumps(obsv.stats()))
        """
    )
    stats = json.loads(result.stdout)
    assert stats["dropped"] == stats["rejected"] == 0
    assert program.count() == 80_000
    per_thread = program.query(
        "select json_extract(data, '$[0]'), count(distinct json_extract(data, '$[1]')) from span group by 1"
    )
    assert sorted(per_thread) == [(str(i), 10_000) for i in range(8)]


def test_several_programs_write_one_store_at_once(programs: Callable[[str], Program]) -> None:
    """Rows and rollups of three processes add up."""
    source = """
        import obsv
        f = obsv.monitor(lambda n: n)
        print("ready", flush=True)
        input()
        for n in range(5_000): f(n)
        assert obsv.force_flush(100)
    """
    makers = [programs(f"p{i}") for i in range(3)]
    running = [maker.start(source, OTEL_SERVICE_NAME=f"s{i}") for i, maker in enumerate(makers)]
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()
    for process in running:
        _, err = process.communicate("go\n", timeout=200)
        assert process.returncode == 0, err
    by_service = "select service, count(*) from process_trace group by service"
    assert makers[0].query(by_service) == [("s0", 5_000), ("s1", 5_000), ("s2", 5_000)]
    assert makers[0].query("select sum(count) from process_minute where minute > 0") == [(15_000,)]
    assert makers[0].query("select count(*) from recorder") == [(3,)]


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_fork(program: Program) -> None:
    """A forked child writes its own calls, once; the parent's waiting calls are not written twice."""
    program.run(
        """
        import os, obsv
        f = obsv.monitor(lambda who, n: n)
        for n in range(100): f("parent", n)
        child = os.fork()
        if child == 0:
            for n in range(50): f("child", n)
            assert obsv.force_flush(120)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        for n in range(100): f("parent", n)
        """
    )
    counts = program.query("select data_value, count(*) from data_trace where data = 'who' group by 1 order by 1")
    assert counts == [("'child'", 50), ("'parent'", 200)]
    assert program.query("select count(distinct span_id) from process_trace") == [(250,)]


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_child_that_outlives_its_parent_keeps_its_calls(program: Program) -> None:
    """A daemon, whose parent has ended: nobody who reads the store takes its log away."""
    program.run(
        """
        import os, subprocess, sys, obsv
        f = obsv.monitor(lambda who, n: n)
        f("parent", 0)
        assert obsv.force_flush(120)
        parents_end, mine = os.pipe()
        if os.fork():
            os._exit(0)
        os.close(mine)
        os.read(parents_end, 1)
        read = "import os, sqlite3; sqlite3.connect(os.environ['OBSV_DB']).execute('select * from span').close()"
        for n in range(3):
            f("child", n)
            assert obsv.force_flush(120)
            subprocess.run([sys.executable, "-c", read], check=True)
        os._exit(0)
        """
    )
    counts = program.query("select data_value, count(*) from data_trace where data = 'who' group by 1 order by 1")
    assert counts == [("'child'", 3), ("'parent'", 1)]


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_threads_that_fork_at_once(program: Program) -> None:
    """Each fork waits for the batch that is being written, whoever else forks."""
    program.run(
        """
        import os, threading, obsv
        f = obsv.monitor(lambda n: n)
        f(0)
        codes = []

        def forks():
            for n in range(10):
                f(0)
                child = os.fork()
                if child == 0:
                    f(-1)
                    os._exit(0 if obsv.force_flush(120) else 1)
                codes.append(os.waitpid(child, 0)[1])

        threads = [threading.Thread(target=forks) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert codes == [0] * 40, codes
        """
    )
    assert program.query("select count(*) from data_trace where data = 'n' and data_value = '-1'") == [(40,)]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(program: Program, method: str) -> None:
    """Workers of multiprocessing record, and their last calls are written when they end."""
    if method != "spawn" and sys.platform == "win32":
        pytest.skip("no fork")
    program.run(
        f"""
        import multiprocessing, obsv

        @obsv.monitor
        def work(n):
            return n * n

        if __name__ == "__main__":
            context = multiprocessing.get_context({method!r})
            work(0)
            child = context.Process(target=work, args=(7,))
            child.start(); child.join()
            assert child.exitcode == 0
            with context.Pool(2) as pool:
                assert pool.map(work, range(10)) == [n * n for n in range(10)]
                pool.close(); pool.join()
        """
    )
    assert program.count() == 12


def test_disabled_sdk_records_nothing(program: Program) -> None:
    """With OTEL_SDK_DISABLED calls pass, nothing is made."""
    program.run("import obsv\nassert obsv.monitor(lambda: 3)() == 3\nobsv.force_flush()", OTEL_SDK_DISABLED="true")
    assert not program.db.exists()


def test_sampler_variable_is_obeyed(program: Program) -> None:
    """OTEL_TRACES_SAMPLER decides; a failing call is kept all the same."""
    program.run(
        """
        import obsv
        f = obsv.monitor(lambda x: 1 // x)
        f(1)
        try: f(0)
        except ZeroDivisionError: pass
        """,
        OTEL_TRACES_SAMPLER="always_off",
    )
    assert program.query("select status from process_trace") == [("ERR",)]


def test_provider_that_was_there_first_is_used(program: Program) -> None:
    """Its resource and its other spans are in the store, in one trace with ours."""
    program.run(
        """
        from opentelemetry import trace
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        trace.set_tracer_provider(TracerProvider(resource=Resource({"service.name": "theirs"})))
        import obsv
        obsv.configure()
        f = obsv.monitor(lambda a: a)
        with trace.get_tracer("lib").start_as_current_span("GET /", attributes={"http.response.status_code": 200}):
            f(5)
        """
    )
    rows = program.query("select process, service, trace_id from process_trace order by ts")
    assert [row[:2] for row in rows] == [("GET /", "theirs"), ("__main__.<lambda>", "theirs")]
    assert rows[0][2] == rows[1][2]
    assert program.query("select data, data_type, data_value from data_trace where process = 'GET /'") == [
        ("http.response.status_code", "OUTPUT", 200)
    ]
    assert program.query("select data_value from data_trace where data = 'a'") == [("5",)]


def test_configure_moves_to_another_store(program: Program) -> None:
    """`configure` again writes what is held, and goes on in the new file."""
    program.run(
        """
        import obsv
        f = obsv.monitor(lambda n: n)
        obsv.configure(db="first.db")
        f(1)
        obsv.configure(db="second.db")
        f(2); f(3)
        """
    )
    for name, calls in (("first.db", 1), ("second.db", 2)):
        program.db = program.directory / name
        assert program.count() == calls


def test_calls_after_shutdown_pass_unrecorded(program: Program) -> None:
    """`shutdown` stops recording; functions go on."""
    program.run("import obsv\nf = obsv.monitor(lambda n: n)\nf(1); obsv.shutdown(); assert f(2) == 2\nobsv.shutdown()")
    assert program.count() == 1


def test_unknown_setting_is_named() -> None:
    """A wrong name in `configure` is refused with what there is."""
    import obsv
    from obsv.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match=r"databse.*db"):
        obsv.configure(databse="x")
    with pytest.raises(ConfigurationError, match="on_full"):
        obsv.configure(on_full="explode")


def test_first_calls_of_many_threads_start_one_pipeline(program: Program) -> None:
    """The pipeline starts once, however many threads make the first call."""
    program.run(
        """
        import threading, obsv
        f = obsv.monitor(lambda n: n)
        barrier = threading.Barrier(16)
        def go(n):
            barrier.wait()
            f(n)
        threads = [threading.Thread(target=go, args=(n,)) for n in range(16)]
        for t in threads: t.start()
        for t in threads: t.join()
        assert obsv.force_flush(120)
        assert obsv.stats()["recorded"] == 16, obsv.stats()
        """
    )
    assert program.count() == 16


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_fork_while_the_first_call_starts_everything(program: Program) -> None:
    """A fork that comes in the middle waits, says nothing, and its child writes."""
    errors = program.run(
        """
        import os, sys, threading, warnings, obsv
        warnings.simplefilter("ignore")

        class Here:
            def find_spec(self, name, path=None, target=None):
                if name == "obsv.keeper.presence":
                    starting.set()
                    assert forking.wait(120)

        starting, forking = threading.Event(), threading.Event()
        sys.meta_path.insert(0, Here())
        os.register_at_fork(before=forking.set)  # called first, when it stands what else is
        f = obsv.monitor(lambda n: n)
        thread = threading.Thread(target=f, args=(1,))
        thread.start()
        assert starting.wait(120)
        child = os.fork()
        if child == 0:
            from obsv.store.writing import writer
            f(2)
            os._exit(0 if obsv.force_flush(120) and not writer._abandoned else 1)
        assert os.waitpid(child, 0)[1] == 0
        thread.join()
        """
    ).stderr
    assert without_delay(errors) == ""
    assert program.count() == 2


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_forks_while_a_batch_is_being_written(program: Program) -> None:
    """A child that is forked in the middle of a write does not hang in SQLite."""
    program.run(
        """
        import os, threading, obsv
        f = obsv.monitor(lambda n: n)
        stop = threading.Event()

        def load():
            while not stop.is_set():
                for n in range(100): f(n)
                stop.wait(0.01)

        thread = threading.Thread(target=load)
        thread.start()
        try:
            for n in range(40):
                child = os.fork()
                if child == 0:
                    f(-1)
                    os._exit(0 if obsv.force_flush(120) else 1)
                assert os.waitpid(child, 0)[1] == 0
        finally:
            stop.set()
            thread.join()
        """
    )
    assert program.count("process like '%lambda%'") > 40
    assert program.query("select count(*) from data_trace where data = 'n' and data_value = '-1'") == [(40,)]


def test_a_service_without_a_name_is_called_as_the_program(program: Program) -> None:
    """By its script; a name that somebody gave goes first, also one that comes with a second `configure`."""
    script = program.directory / "nightly_report.py"
    script.write_text("import sys, obsv\nf = obsv.monitor(lambda: 1)\nf()\n")
    code = f"import runpy, sys\nsys.exit(__import__('subprocess').call([sys.executable, {str(script)!r}]))"
    program.run(code)
    program.run(code, OTEL_SERVICE_NAME="shop")
    program.run("import obsv\nf = obsv.monitor(lambda: 1)\nf()\nobsv.configure(service_name='later')\nf()")
    assert program.query("select distinct service from process_trace")[:2] == [("nightly_report",), ("shop",)]
    assert program.query("select count(*) from process_trace where service = 'later'") == [(1,)]


def test_a_resource_that_is_not_used_is_said(program: Program) -> None:
    """If the program has its own provider, spans have that provider's resource."""
    result = program.run(
        """
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        import obsv

        trace.set_tracer_provider(TracerProvider())
        obsv.configure(service_name="mine")
        """
    )
    assert "service_name and resource are ignored" in result.stderr


def test_settings_of_the_environment(program: Program) -> None:
    """Every function follows them; one that cannot be used is a line, no more."""
    result = program.run(
        """
        import obsv

        @obsv.monitor
        def f(desk, n):
            if n:
                raise KeyError(n)

        f("eq", 0)
        try:
            f("eq", 1)
        except KeyError:
            pass
        """,
        OBSV_SENSITIVE_FIELDS="desk",
        OBSV_EXPECTED="LookupError",
        OBSV_MAX_REPR="many",
        OBSV_RETENTION="2d",
    )
    assert program.query("select distinct data_value from data_trace where data = 'desk'") == [("***",)]
    assert program.query("select status from process_trace") == [("OK",), ("OK",)]
    assert program.query("select value from setting where name = 'max_age_ns'") == [(172_800 * 10**9,)]
    said = without_delay(result.stderr).splitlines()
    assert said == ["OBSV_MAX_REPR must be a whole number of at least 1, not 'many'. The variable is ignored."]


@pytest.mark.parametrize(("setting", "depth"), [("", 0), ("1", 1)])
def test_threads_are_followed_where_that_is_wanted(program: Program, setting: str, depth: int) -> None:
    """By `follow_threads`, what runs in a thread stands below the call that started it."""
    program.run(
        """
        import threading, obsv
        @obsv.monitor
        def inner(): pass
        @obsv.monitor
        def outer():
            thread = threading.Thread(target=inner)
            thread.start()
            thread.join()
        outer()
        """,
        OBSV_FOLLOW_THREADS=setting,
    )
    assert program.query("select depth from process_trace where process like '%inner'") == [(depth,)]
