"""The display name of the running program: the name of its package or script."""

import os
import sys

from obsv.working_directory import normal

_said: list[str] = []


def say_program_name(name: str) -> None:
    """Set the name, for programs that are run by another one."""
    _said[:] = [name]


def program_name() -> str | None:
    """Return the module that `python -m` was given, without `__main__`, or the script's name without its suffix.

    Return None if there is neither: an interactive session, `python -c`, standard input.
    """
    if _said:
        return _said[0]
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    name = getattr(spec, "name", None)
    if isinstance(name, str) and name not in ("", "__main__", "__mp_main__"):
        return name.removesuffix(".__main__")
    return name_of_script(getattr(main, "__file__", None))


def name_of_script(path: object) -> str | None:
    """Return the name of a script's file, or of the directory or archive that contains a main module."""
    if not isinstance(path, str) or not path or path.startswith("<"):
        return None
    stem = os.path.splitext(os.path.basename(path))[0]
    if stem == "__main__":
        stem = os.path.splitext(os.path.basename(os.path.dirname(normal(path))))[0]
    return stem or None
