"""Paths from the working directory. It may have been removed: then there is none, and relative paths stay so."""

import os


def working_directory() -> str:
    """Return the working directory; an empty text where it was removed."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def absolute(path: str) -> str:
    """Return a path made absolute, as far as there is a working directory; `..` stays, since links may be before it."""
    return os.path.join(working_directory(), path)


def normal(path: str) -> str:
    """Return a path made absolute, without `.` and `..`: for names that are compared and shown."""
    return os.path.normpath(absolute(path))


def real(path: str) -> str:
    """Return a path made absolute, without symbolic links."""
    found = absolute(path)
    return os.path.realpath(found) if os.path.isabs(found) else found
