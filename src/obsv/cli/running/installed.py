"""Find commands that a package has installed: `obsv run black .`, also by the path of their script (a child's)."""

import os
import shutil
import sys
from typing import NamedTuple


class Command(NamedTuple):
    """An installed command.

    Args:
        path: path of its script.
        package: the package that it runs; None if unknown.
    """

    path: str
    package: str | None


def find_command(name: str) -> Command | None:
    """Find a command by its name, first in this interpreter's environment, or by its script's path.

    Returns:
        None if this interpreter cannot run it, or if it is a script of the user's.
    """
    beside = os.path.dirname(sys.executable)
    if os.path.dirname(name):
        package = _package_of(os.path.basename(name)) if _is_same(os.path.dirname(name), beside) else None
        return Command(name, package) if package is not None and _is_of_this_python(name) else None
    if os.path.exists(name):
        return None
    for directories in (beside, None):
        path = shutil.which(name, path=directories)
        if path is not None and _is_of_this_python(path):
            return Command(path, _package_of(name))
    return None


def _is_of_this_python(path: str) -> bool:
    """Return whether the first line of a script names this interpreter."""
    try:
        with open(path, "rb") as script:
            first = script.readline(4096)
            # Written by pip if the interpreter's path is long or contains a space.
            second = script.readline(4096) if first.startswith(b"#!/bin/sh") else b""
    except OSError:
        return False
    line = (second or first).decode("utf-8", "replace")
    if not line.startswith("#!") and not second:
        return False
    words = line.removeprefix("#!").replace("'''exec'", "").replace('"', "").strip()
    if words.startswith("/usr/bin/env "):
        return "python" in words
    interpreter = words.removesuffix("$0 $@").strip().split(" -")[0]
    return _is_same(os.path.dirname(interpreter), os.path.dirname(sys.executable))


def _is_same(directory: str, other: str) -> bool:
    try:
        return os.path.samefile(directory, other)
    except OSError:
        return False


def _package_of(name: str) -> str | None:
    from importlib.metadata import entry_points

    found = [entry.value for entry in entry_points(group="console_scripts", name=name)]
    return found[0].partition(":")[0].partition(".")[0].strip() or None if found else None
