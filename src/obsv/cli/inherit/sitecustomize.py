"""Has a Python program recorded that a program under `obsv run --children` starts.

Python imports this at its start, as the directory is in PYTHONPATH; then the `sitecustomize` whose place it takes. It
may run under any Python, so it uses what all have, and whatever is not as expected leaves the program as it is.
"""

import os
import sys

# Those that take another word.
_WITH_VALUE = ("-W", "-X")


def command_of(words: "list[str]") -> "list[str] | None":
    """The words of a Python command line that runs the same program recorded; None where that is not to be done.

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
    # What multiprocessing starts has its own way to be recorded.
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

    if find_spec("obsv.cli.run_options") is not None and find_spec("opentelemetry.sdk") is not None:
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *words[1:]])


def _go_on() -> None:
    """Import the module that stands behind this one."""
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
