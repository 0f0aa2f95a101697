"""Unload modules that obsv has loaded and that the program also has under the same names."""

import os
import sys
from collections.abc import Collection

# Loaded before any program runs: a file with such a name is never imported, with or without obsv.
_STARTUP = frozenset(
    {
        *("abc", "builtins", "codecs", "encodings", "genericpath", "io", "marshal", "ntpath", "os", "posixpath"),
        *("site", "stat", "sys", "time", "winreg", "zipimport"),
    }
)


def give_way(directory: str, loaded: Collection[str] = ()) -> None:
    """Unload modules that a program's directory also contains, so that `import queue` finds a `queue.py` there.

    obsv keeps its own references.

    Args:
        directory: the first entry of `sys.path`.
        loaded: modules that were loaded before obsv, and stay.
    """
    own = _modules_in(directory)
    for name in list(sys.modules):
        top = name.partition(".")[0]
        if top in own and top not in _STARTUP and name not in loaded and not _stands_in(top, directory):
            del sys.modules[name]


def load_pipeline(directory: str) -> None:
    """Load the recording modules before a program's directory is on the path, as it may contain a `queue.py`.

    What the program logs is recorded from here on, if that was asked for.

    The storing modules, which most programs leave to another process, are loaded only if the directory contains a
    module named like one of the standard library.
    """
    import obsv.pipeline
    import obsv.ring_sink

    if os.environ.get("OBSV_LOGS"):
        from obsv.events.standard_logging import record_logging

        record_logging()
    if _modules_in(directory) & sys.stdlib_module_names:
        import obsv.keeper.thread
        import obsv.keeper.work  # noqa: F401


def _modules_in(directory: str) -> set[str]:
    try:
        return {os.path.splitext(entry)[0] for entry in os.listdir(directory) if _is_module(directory, entry)}
    except OSError:
        return set()


def _is_module(directory: str, entry: str) -> bool:
    return entry.endswith(".py") or os.path.exists(os.path.join(directory, entry, "__init__.py"))


def _stands_in(name: str, directory: str) -> bool:
    file = getattr(sys.modules.get(name), "__file__", None)
    return name == "__main__" or (file is not None and os.path.abspath(file).startswith(directory + os.sep))
