"""Starting a keeper as a separate process that is nobody's child.

The program's children remain its own: the keeper is a grandchild whose parent, an interpreter without `site`, ends at
once and is waited for here. The `subprocess` module is not used, because gevent and eventlet replace it, nor `os.fork`,
which runs the program's handlers and warns if there are threads.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from obsv.keeper.files import KeeperFiles
from obsv.keeper.options import Options
from obsv.own_time import monotonic, sleep, unix_ns
from obsv.privacy import VARIABLE as FILE_MODE
from obsv.rules_place import VARIABLE, find_file, named_variables
from obsv.working_directory import normal, working_directory

# An interpreter without `site` forks after 10 ms, or a tenth of a second on a busy machine.
_PATIENCE_S = 10.0
_LOOK_S = 0.001
_ENVIRONMENT = "OBSV_KEEPER"
# Variables that the loader, SQLite and the store need. Of the rest of the program's environment, which may contain
# secrets, the keeper gets what its alert rules name, and what it needs to send.
_KEPT = (
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PATH", "HOME", "TMPDIR", "SQLITE_TMPDIR", "TZ", "LC_ALL", "LANG"),
    FILE_MODE,
)
_TO_SEND = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "DISPLAY"),
    *(form for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for form in (name, name.upper())),
)
# Credentials and certificates of an archive or a hub, if the program has one.
_SENT = ("AWS_", "GOOGLE_", "AZURE_", "OTEL_EXPORTER_OTLP_", "SSL_CERT_")
_INTERPRETERS = ("python", "pypy")

_CODE = """
import posix, sys
if posix.fork(): posix._exit(0)
posix.setsid()
import json, os
told = json.loads(os.environ["OBSV_KEEPER"])
sys.path[:0] = [told["root"]]
sys.path += told["path"]
from obsv.keeper.process import main
main(sys.argv[-1], told["options"])
"""


class CannotStart(Exception):
    """No process can be started here; the message says why."""


def launch(files: KeeperFiles, options: Options) -> None:
    """Start a keeper process; it ends at once if another has the lock by then.

    Raises:
        CannotStart: there is no interpreter to run, or the system allows no process.
    """
    arguments = [interpreter(), "-I", "-S", "-c", _CODE, "obsv", "keeper", files.db]
    try:
        child = _spawn(arguments, _environment(files, options))
    except OSError as error:
        raise CannotStart(f"the system cannot start a process ({error.strerror})") from error
    except ValueError as error:
        raise CannotStart(f"the path {files.db!r} cannot be passed on ({error})") from error
    status = _waited_for(child)
    if status:
        raise CannotStart(f"a started process exited immediately with status {status}")


def interpreter() -> str:
    """Return the path of the Python interpreter.

    Raises:
        CannotStart: there is none that could be run.
    """
    if not hasattr(os, "posix_spawn"):
        raise CannotStart("this system has no posix_spawn")
    path = sys.executable
    if getattr(sys, "frozen", False) or not path:
        raise CannotStart("the program is frozen or embedded, so there is no Python to start")
    if not os.path.basename(path).lower().startswith(_INTERPRETERS):
        raise CannotStart(f"sys.executable is {path}, not a Python interpreter")
    if not os.access(path, os.X_OK):
        raise CannotStart(f"sys.executable {path} cannot be run")
    return path


def paths() -> dict[str, Any]:
    """Return where a child process finds this package and what it imports."""
    package = sys.modules[__name__.partition(".")[0]]
    entries = [normal(entry) for entry in sys.path if isinstance(entry, str) and entry]
    return {
        "root": normal(os.path.dirname(next(iter(package.__path__)))),
        "path": [path for path in entries if os.path.exists(path)],
    }


def _environment(files: KeeperFiles, options: Options) -> dict[str, str]:
    options = options._replace(alerts=_rules_named(), directory=working_directory(), began_ns=unix_ns())
    told = {**paths(), "options": options.text()}
    names = {*_KEPT, *_for_rules(files)}
    names |= {name for name in os.environ if options.sends and name.startswith(_SENT)}
    return {**{name: os.environ[name] for name in names if name in os.environ}, _ENVIRONMENT: json.dumps(told)}


def _for_rules(files: KeeperFiles) -> tuple[str, ...]:
    """Return the names of the variables that the evaluation of the alert rules needs; none without rules."""
    with suppress(OSError, ValueError):  # a directory that may not be read has none
        rules = find_file(Path(files.db))
        return (*_TO_SEND, *named_variables(rules)) if rules else ()
    return ()


def _rules_named() -> str:
    named = os.environ.get(VARIABLE)
    return normal(named) if named else ""


def _spawn(arguments: list[str], environment: dict[str, str]) -> int:
    # `posix`, not `os`: libraries that patch functions patch `os`.
    import posix

    nowhere: list[Any] = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    told: dict[str, Any] = {
        "file_actions": nowhere,
        "setsigmask": (),
        "setsigdef": [each for each in signal.valid_signals() if each not in (signal.SIGKILL, signal.SIGSTOP)],
    }
    return posix.posix_spawn(arguments[0], arguments, environment, **told)


def _waited_for(child: int) -> int:
    """Return the exit status of the child.

    An exception of a signal handler is raised only after the child has ended.
    """
    import posix

    deadline = monotonic() + _PATIENCE_S
    raised: BaseException | None = None
    status = None
    while status is None:
        try:
            done, code = posix.waitpid(child, os.WNOHANG)
            if done:
                status = code
            elif monotonic() > deadline:
                posix.kill(child, signal.SIGKILL)
                deadline = float("inf")
            else:
                sleep(_LOOK_S)
        except ChildProcessError:  # the program waits for all its children, or ignores them
            status = 0
        except BaseException as error:
            raised = raised or error
    if raised is not None:
        raise raised
    return status
