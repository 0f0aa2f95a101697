"""Find what a package has installed: `obsv run black .`, also by the path of the script (a child's), and `-m black`."""

import importlib.util
import os
import shutil
import sys
from importlib.machinery import ModuleSpec, PathFinder
from typing import NamedTuple

from obsv.working_directory import working_directory

# Programs that run the user's code: their own calls are not what they were started for, and often without end.
_LAUNCHERS = frozenset(
    [
        "airflow",
        "celery",
        "coverage",
        "dagster",
        "daphne",
        "debugpy",
        "django",
        "dramatiq",
        "fastapi",
        "fastapi_cli",
        "flask",
        "granian",
        "gunicorn",
        "huey",
        "hypercorn",
        "IPython",
        "ipykernel",
        "jupyter_core",
        "jupyterlab",
        "locust",
        "nbconvert",
        "notebook",
        "nox",
        "papermill",
        "prefect",
        "pytest",
        "rq",
        "scrapy",
        "streamlit",
        "tornado",
        "tox",
        "twisted",
        "uvicorn",
        "waitress",
    ]
)


class Command(NamedTuple):
    """An installed command.

    Args:
        path: path of its script.
        package: the package that it runs; None if unknown, or if it runs the user's code (a server, pytest).
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
    if not found:
        return None
    module = found[0].partition(":")[0].strip()
    return _own(_first_package(module) or module.partition(".")[0] or None)


def package_of_module(name: str) -> str | None:
    """Return the package that `-m name` runs; None if it belongs to the standard library, runs the user's code (a
    server, pytest) or is not found elsewhere than in the working directory, whose modules are the user's own.
    """
    top = name.partition(".")[0]
    here = PathFinder.find_spec(top, [working_directory()])
    if top in sys.stdlib_module_names or (here is not None and here.origin is not None):
        return None
    return _own(_first_package(name))


def _own(package: str | None) -> str | None:
    return None if package is None or package.partition(".")[0] in _LAUNCHERS else package


def _first_package(name: str) -> str | None:
    """Return the first part of a dotted name that is more than a namespace: `google.cloud.storage`; imports nothing."""
    parts = name.split(".")
    try:
        spec: ModuleSpec | None = importlib.util.find_spec(parts[0])
        for count in range(1, len(parts) + 1):
            if spec is None:
                return None
            found = ".".join(parts[:count])
            if spec.origin is not None:
                return found
            if count < len(parts):
                spec = PathFinder.find_spec(f"{found}.{parts[count]}", spec.submodule_search_locations)
    except Exception:
        pass  # a finder of somebody else, or a name that is none
    return None
