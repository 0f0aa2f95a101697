"""Selection of the modules to record."""

import dataclasses
import functools
import os
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Protocol

from obsv.instrument.never import is_never_recorded
from obsv.working_directory import normal

_INSTALLED = frozenset({"site-packages", "dist-packages"})


class Targets(Protocol):
    """A decision about modules by name and location."""

    def may_match(self, name: str) -> bool:
        """Return whether it is worth finding the module's file."""

    def match(self, name: str, file: str | None) -> bool:
        """Return whether a module is recorded.

        Args:
            name: its full name.
            file: its location; None if it has no file.
        """


@dataclasses.dataclass(frozen=True)
class NamedModules:
    """Modules selected by name.

    Args:
        include: globs; one without a wildcard, or ending in `.*`, also selects the package of that name.
        exclude: likewise; takes precedence over `include`.
    """

    include: Sequence[str]
    exclude: Sequence[str] = ()

    def may_match(self, name: str) -> bool:
        return self.match(name, None)

    def match(self, name: str, file: str | None) -> bool:
        return (
            not is_never_recorded(name)
            and any(matches(name, glob) or may_hold(name, glob) for glob in self.include)
            and not any(matches(name, glob) for glob in self.exclude)
        )


@dataclasses.dataclass(frozen=True)
class FirstParty:
    """Modules below given directories, except those installed there, as in a virtual environment inside a project.

    Args:
        roots: absolute paths of the directories.
        exclude: globs of names, as in `NamedModules`.
        packages: names of packages that are selected wherever they are.
    """

    roots: tuple[str, ...]
    exclude: Sequence[str] = ()
    packages: Sequence[str] = ()

    def may_match(self, name: str) -> bool:
        top = name.partition(".")[0]
        return (
            top not in sys.stdlib_module_names
            and not is_never_recorded(name)
            and not any(matches(name, glob) for glob in self.exclude)
        )

    def match(self, name: str, file: str | None) -> bool:
        if file is None or not self.may_match(name):
            return False
        directory = os.path.dirname(normal(file))
        return any(matches(name, package) for package in self.packages) or any(
            _is_below(directory, root) for root in self.roots
        )


def matches(name: str, glob: str) -> bool:
    """Return whether a module's name matches a glob: `*.orders`; `shop` and `shop.*` match the whole package."""
    stem = glob.removesuffix(".*")
    if not _has_wildcard(stem):
        return name == stem or name.startswith(f"{stem}.")
    return fnmatchcase(name, glob) or fnmatchcase(name, stem)


def may_hold(name: str, glob: str) -> bool:
    """Return whether a module may define a function that matches a glob: `shop.orders` for `shop.orders.Order.to_*`.

    A glob that begins with a wildcard matches modules only; otherwise every module would have to be examined.
    """
    parts, wanted = name.split("."), glob.split(".")
    if len(parts) >= len(wanted) or _has_wildcard(wanted[0]):
        return False
    return all(fnmatchcase(part, pattern) for part, pattern in zip(parts, wanted, strict=False))


def _has_wildcard(text: str) -> bool:
    return any(wildcard in text for wildcard in "*?[")


@functools.lru_cache(maxsize=4096)
def _is_below(directory: str, root: str) -> bool:
    """Return whether a directory is below a root without a directory of installed packages between."""
    while True:
        if os.path.basename(directory) in _INSTALLED or os.path.exists(os.path.join(directory, "pyvenv.cfg")):
            return False
        if directory == root:
            return True
        parent = os.path.dirname(directory)
        if parent == directory:
            return False
        directory = parent
