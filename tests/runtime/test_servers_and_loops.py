"""Servers, event loops and schedulers that run functions in their own way: they answer, and every call is stored."""

import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

import pytest
from programs import Programs

SERVED = """
import obsv

@obsv.monitor
def work(number):
    return number

@obsv.monitor
def app(environ, start_response):
    work(len(environ))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"served"]
"""
ASKED = 20


@pytest.mark.parametrize("worker", ["gevent", "eventlet"])
def test_gunicorn_with_green_workers(tmp_path: Path, worker: str) -> None:
    """Requests at the same time are answered, by a worker whose first recorded calls they are."""
    programs = Programs(tmp_path)
    programs.write("served.py", SERVED)
    command = [sys.executable, "-W", "ignore", "-m", "gunicorn", "-k", worker, "-b", "127.0.0.1:0", "served:app"]
    server = subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, "OBSV_DB": str(programs.db)}, stderr=subprocess.PIPE, text=True
    )
    assert server.stderr is not None
    try:
        address = next(found[0] for line in server.stderr if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
        with ThreadPoolExecutor(ASKED) as pool:
            answers = list(pool.map(lambda _: urlopen(address, timeout=60).read(), range(ASKED)))
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)
    assert answers == [b"served"] * ASKED
    assert programs.rows("process, count(*)", "group by process order by process") == [
        ("served.app", ASKED),
        ("served.work", ASKED),
    ]


LOOPS = """
import anyio
import obsv

@obsv.monitor
async def pause(number):
    await anyio.sleep(0)
    return number

@obsv.monitor
def blocking(number):
    return anyio.from_thread.run(pause, number)

@obsv.monitor
async def too_long():
    await anyio.sleep(60)

@obsv.monitor
async def failing():
    raise LookupError("down")

@obsv.monitor
async def main():
    async with anyio.create_task_group() as group:
        for number in range(10):
            group.start_soon(pause, number)
    print(await anyio.to_thread.run_sync(blocking, 3))
    with anyio.move_on_after(0.01):
        await too_long()
    try:
        await failing()
    except LookupError as error:
        print(error)
"""
RUNS = {
    "trio": "anyio.run(main, backend='trio')",
    "asyncio": "anyio.run(main)",
    "uvloop": "anyio.run(main, backend_options={'use_uvloop': True})",
}


@pytest.mark.parametrize("loop", RUNS)
def test_loops(tmp_path: Path, loop: str) -> None:
    """Calls of tasks, of threads below them and of what is called off are as anywhere: one error is there."""
    programs = Programs(tmp_path)
    programs.write("loops.py", f"{LOOPS}\n{RUNS[loop]}\n")
    outcome = programs.plain("loops.py")
    assert outcome.output == "3\ndown\n", outcome.errors
    assert programs.rows("process, status, count(*)", "group by process order by process") == [
        ("__main__.blocking", "OK", 1),
        ("__main__.failing", "ERR", 1),
        ("__main__.main", "OK", 1),
        ("__main__.pause", "OK", 11),
        ("__main__.too_long", "OK", 1),
    ]


DASK = """
import dask
import obsv

@obsv.monitor
def square(number):
    return number * number

if __name__ == "__main__":
    calls = [dask.delayed(square)(number) for number in range(4)]
    for scheduler in ("threads", "processes"):
        print(dask.compute(calls, scheduler=scheduler, num_workers=2)[0])
"""


def test_dask(tmp_path: Path) -> None:
    """Its threads and processes get the recorded function, and record it where they run it."""
    programs = Programs(tmp_path)
    programs.write("tasks.py", DASK)
    outcome = programs.plain("tasks.py")
    assert outcome.output == "[0, 1, 4, 9]\n" * 2, outcome.errors
    assert programs.rows("process, status, count(*)", "group by process") == [("__main__.square", "OK", 8)]
