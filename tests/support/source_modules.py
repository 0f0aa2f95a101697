"""Modules written by a test and imported from its directory."""

import importlib
import sys
import textwrap
from pathlib import Path
from types import ModuleType


class SourceModules:
    """Writes modules into a directory on `sys.path`, imports them, and forgets them in the end.

    Args:
        directory: an empty one.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._before = set(sys.modules)
        sys.path.insert(0, str(directory))

    def write(self, name: str, source: str) -> Path:
        """Write a module, or with a name like `package/__init__` one of a package."""
        path = self.directory / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source))
        importlib.invalidate_caches()
        return path

    def load(self, name: str, source: str | None = None) -> ModuleType:
        """Import a module, after writing it where a source is given."""
        if source is not None:
            self.write(name, source)
        return importlib.import_module(name)

    def close(self) -> None:
        sys.path.remove(str(self.directory))
        for name in set(sys.modules) - self._before:
            if getattr(sys.modules[name], "__file__", None) and str(self.directory) in str(sys.modules[name].__file__):
                del sys.modules[name]
