"""Work in another thread on behalf of a call appears below that call."""

import asyncio
import concurrent.futures
import contextvars
import functools
import gc
import socketserver
import sys
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator
from multiprocessing.pool import ThreadPool

import pytest

from obsv import monitor
from obsv.instrument.threads import follow_threads
from obsv.trace.span import Span

OWNED = ((threading.Thread, ("start", "_bootstrap")), (concurrent.futures.thread._WorkItem, ("__init__", "run")))


@pytest.fixture(autouse=True)
def followed() -> Iterator[None]:
    """Threads are followed in these tests, and in no others."""
    before = [(owner, name, vars(owner)[name]) for owner, names in OWNED for name in names]
    follow_threads()
    follow_threads()
    yield
    for owner, name, function in before:
        setattr(owner, name, function)
    del threading.Thread._obsv_follows  # type: ignore[attr-defined]


@monitor
def work() -> int:
    return 1


@monitor
def caller(run: Callable[[], object]) -> None:
    run()


def in_thread(target: Callable[[], object]) -> None:
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()


class Own(threading.Thread):
    def run(self) -> None:
        work()


def own_class() -> None:
    thread = Own()
    thread.start()
    thread.join()


def timer() -> None:
    thread = threading.Timer(0, work)
    thread.start()
    thread.join()


def in_pool() -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()
        list(pool.map(lambda _: work(), [1]))


def in_loop() -> None:
    async def main() -> None:
        await asyncio.get_running_loop().run_in_executor(None, work)
        await asyncio.to_thread(work)

    asyncio.run(main())


@pytest.mark.parametrize(
    "run",
    [
        functools.partial(in_thread, work),
        functools.partial(in_thread, functools.partial(work)),
        functools.partial(in_thread, lambda: asyncio.run(asyncio.to_thread(work))),
        own_class,
        timer,
        in_pool,
        in_loop,
    ],
)
def test_stands_below_its_caller(spans: list[Span], run: Callable[[], object]) -> None:
    """However it is handed to the thread."""
    caller(run)
    *inner, outer = spans
    assert inner
    for span in inner:
        assert (span.parent_id, span.trace_id, span.depth) == (outer.span_id, outer.trace_id, 1)
        assert span.thread != outer.thread


def test_pool_s_threads_belong_to_nobody(spans: list[Span]) -> None:
    """Though a call started them: what others submit stands below these, or below nothing."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        caller(lambda: pool.submit(work).result())
        pool.submit(work).result()
        caller(lambda: pool.submit(work).result())
    assert [span.depth for span in spans] == [1, 0, 0, 1, 0]
    assert spans[3].parent_id == spans[4].span_id


def test_services_are_not_followed(spans: list[Span]) -> None:
    """A server's requests, and the tasks of a pool of multiprocessing, are not their starter's."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            work()

    class Server(socketserver.ThreadingTCPServer):
        def server_bind(self) -> None: ...
        def server_activate(self) -> None: ...
        def shutdown_request(self, request: object) -> None: ...

    def serve() -> None:
        with Server(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = False
            server.process_request(None, ("", 0))  # type: ignore[arg-type]

    caller(serve)
    with ThreadPool(1) as pool:
        caller(lambda: None)
        pool.apply(work)
    assert [span.depth for span in spans if span.name.endswith("work")] == [0, 0]


def test_nothing_else_is_handed_on() -> None:
    """A program's own context variables stay empty in its threads, and nothing stays behind in a pool's."""
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("own", default=0)
    seen: list[int] = []

    def run() -> None:
        variable.set(1)
        in_thread(lambda: seen.append(variable.get()))

    caller(run)
    assert seen == [0]


def test_exceptions_show_the_program_s_frames(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a future and of a thread alike."""
    run = ["run", "run"] if sys.version_info >= (3, 14) else ["run"]

    def fail() -> None:
        raise ValueError("no")

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        error = pool.submit(fail).exception()
    assert error is not None
    assert [frame.name for frame in traceback.extract_tb(error.__traceback__)] == [*run, "fail"]
    before, threading.excepthook = threading.excepthook, lambda args: traceback.print_tb(args.exc_traceback)
    try:
        in_thread(fail)
    finally:
        threading.excepthook = before
    shown = capsys.readouterr().err
    assert "in fail" in shown
    assert "obsv, passed over" not in shown


def test_failed_future_is_freed_at_once() -> None:
    """Nothing of a task is part of a cycle."""

    class Held(ValueError): ...

    def fail() -> None:
        raise Held

    gc.disable()
    try:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            future = pool.submit(fail)
            concurrent.futures.wait([future])
        gone = weakref.ref(future)
        del future
        assert gone() is None
    finally:
        gc.enable()
