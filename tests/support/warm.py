"""The `obsv` command in processes forked from one that has imported it, since the import is most of a short command.

Each is a process of its own, with its arguments, environment, directory, streams and exit code. What Python decides
before a program's first line, such as the encoding of its streams, is decided once.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

TIMEOUT_S = 240
COMMANDS = "app", "alerts", "archive", "error_groups", "forward", "keeper", "ps", "repro", "tail", "transfer"


def obsv(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `obsv …` to its end.

    Args:
        environment: all of its variables; by default those of this process.
    """
    variables = dict(os.environ if environment is None else environment)
    if not hasattr(os, "fork"):
        command = [sys.executable, "-m", "obsv", *arguments]
        variables["PYTHONIOENCODING"] = "utf-8"
        return subprocess.run(
            command, env=variables, capture_output=True, encoding="utf-8", timeout=TIMEOUT_S, check=False
        )
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        code = _ask([list(arguments), variables, os.getcwd()], out.fileno(), err.fileno())
        return subprocess.CompletedProcess(arguments, code, _text(out), _text(err))


def _ask(request: list[Any], *streams: int) -> int:
    """Have a command run; returns its exit code."""
    here, there = socket.socketpair()
    with here:
        with there:
            socket.send_fds(_warm(), [b"\0"], [there.fileno(), *streams])
        here.settimeout(TIMEOUT_S)
        here.sendall(json.dumps(request).encode() + b"\n")
        with here.makefile() as said:
            child = int(said.readline())
            try:
                return int(said.readline())
            except TimeoutError:
                os.kill(child, signal.SIGKILL)
                raise


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode())


@functools.cache
def _warm() -> socket.socket:
    """The process that has imported the command; it ends with this one."""
    here, there = socket.socketpair()
    with there:
        process = subprocess.Popen(
            [sys.executable, __file__, str(there.fileno())],
            env=os.environ | {"PYTHONIOENCODING": "utf-8"},
            pass_fds=[there.fileno()],
            stdin=subprocess.DEVNULL,
        )

    def end() -> None:
        here.close()
        process.wait()

    atexit.register(end)
    return here


def serve(asked: socket.socket) -> None:
    """Fork for each request; returns in each child, which then is the command, and when nobody asks any more."""
    while True:
        _, descriptors, *_ = socket.recv_fds(asked, 1, 3)
        while _has_ended():
            pass
        if not descriptors:
            os._exit(0)
        if os.fork() == 0:
            asked.close()
            become(*descriptors)
            return
        for each in descriptors:
            os.close(each)


def _has_ended() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


def become(asking: int, out: int, err: int) -> None:
    """Be the command that is asked for, below a process that waits for its end and says its exit code."""
    with socket.socket(fileno=asking) as caller:
        with caller.makefile() as request:
            arguments, environment, directory = json.loads(request.readline())
        if child := os.fork():
            caller.sendall(b"%d\n" % child)
            caller.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            os._exit(0)
    for stream, descriptor in enumerate((out, err), 1):
        os.dup2(descriptor, stream)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    sys.argv[1:] = arguments


if __name__ == "__main__":
    sys.path[0] = ""
    for name in COMMANDS:
        importlib.import_module(f"obsv.cli.{name}")
    from obsv.cli import main

    serve(socket.socket(fileno=int(sys.argv[1])))
    sys.exit(main())
