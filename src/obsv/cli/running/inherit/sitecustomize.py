"""Record a Python program that was started by a program under `obsv run --children`.

Python imports this module at start-up because its directory is in PYTHONPATH; it then imports the `sitecustomize` that
it replaces. It may run under any Python version, so it uses only common features, and if anything is unexpected, the
program runs unrecorded.
"""

import os
import sys

# Options that take a value in the next word.
_WITH_VALUE = ("-W", "-X")


def command_of(words: "list[str]") -> "list[str] | None":
    """Return a Python command line that runs the same program under `obsv run`, or None if it must not be recorded.

    Args:
        words: `sys.orig_argv`.
    """
    at = 1
    while at < len(words):
        word = words[at]
        if word in _WITH_VALUE:
            at += 2
            continue
        if word in ("-m", "-c"):
            break
        if not word.startswith("-"):
            break
        if word == "-" or word.startswith(("--", "-c", "-m", "-i", "-V", "-h", "-?")):
            return None
        at += 1
    rest = words[at:]
    if not rest or (len(rest) < 2 and rest[0] in ("-m", "-c")):
        return None
    if rest[0] == "-m" and rest[1].split(".")[0] in ("obsv", "ensurepip", "venv"):
        return None
    # Children of multiprocessing are recorded in a different way.
    if rest[0] == "-c" and (rest[1].startswith("from multiprocessing") or "--multiprocessing-fork" in rest):
        return None
    if os.path.basename(rest[0]).split(".")[0] == "obsv":
        return None
    return [*words[:at], "-m", "obsv", "run", *rest]


def _record() -> None:
    words = command_of(getattr(sys, "orig_argv", []))
    if words is None or not sys.executable or sys.flags.inspect or sys.flags.interactive:
        return
    from importlib.util import find_spec

    if find_spec("obsv.cli.running.options") is not None and find_spec("opentelemetry.sdk") is not None:
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *words[1:]])


def _go_on() -> None:
    """Import the module that this one replaces."""
    here = os.path.dirname(os.path.abspath(__file__))
    path = sys.path[:]
    sys.path[:] = [each for each in path if os.path.abspath(each or os.curdir) != here]
    ours = sys.modules.pop(__name__, None)
    try:
        __import__("sitecustomize")
    except ImportError:
        if ours is not None:
            sys.modules[__name__] = ours
    finally:
        sys.path[:] = path


if __name__ == "sitecustomize":
    try:
        if os.environ.get("OBSV_CHILDREN") == "1":
            _record()
    except Exception:
        pass
    _go_on()
