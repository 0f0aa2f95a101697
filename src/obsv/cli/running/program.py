"""Run a Python program as the interpreter would: its arguments, its path, its `__main__`.

"Interface options" in Python's command line reference describes what `python` does before it runs `script.py`, `-m
module`, `-c code` or `-` (standard input).
"""

import io
import os
import runpy
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.machinery import BuiltinImporter, SourceFileLoader, SourcelessFileLoader
from pkgutil import get_importer
from types import CodeType, ModuleType
from typing import Any, Literal

from obsv.working_directory import normal, real, working_directory

Kind = Literal["script", "module", "code", "input"]
Compile = Callable[[bytes | str, str], CodeType]


class NoProgram(Exception):
    """The script cannot be read; the message says which script and why, in the interpreter's words."""


@dataclass(frozen=True)
class Program:
    """The program to run.

    Args:
        kind: the kind of `target`.
        target: a path of a script, directory or archive; a module's name; code; or `-`.
        arguments: arguments of the program.
    """

    kind: Kind
    target: str
    arguments: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Return a display name: the module's name, or the script's name without its suffix."""
        if self.kind == "module":
            return self.target
        if self.kind == "script":
            return os.path.splitext(os.path.basename(normal(self.target)))[0]
        return "__main__"

    @property
    def main_names(self) -> tuple[str, ...]:
        """Return the names under which the import system may look up the main module."""
        if self.kind == "module":
            return self.target, f"{self.target}.__main__"
        return ("__main__",) if self.is_package else ()

    @property
    def is_package(self) -> bool:
        """Return whether the script is a directory or an archive that contains a `__main__`."""
        return self.kind == "script" and get_importer(self.target) is not None

    @property
    def directory(self) -> str | None:
        """Return the absolute path that Python puts first on `sys.path` for a script; None for other kinds."""
        if self.kind != "script":
            return None
        if self.is_package:
            return normal(self.target)
        return os.path.dirname(real(self.target))

    def run(self, compile_main: Compile) -> None:
        """Run the program to its end in this process; exceptions propagate.

        Args:
            compile_main: compiles the source of a script; takes the source and the file name.

        Raises:
            NoProgram: the script cannot be read.
        """
        run = {"script": self._script, "module": self._module, "code": self._code, "input": self._input}[self.kind]
        run(compile_main)

    def _script(self, compile_main: Compile) -> None:
        if self.is_package:
            self._enter(self.target, _absolute(self.target))
            _run_module("__main__", False)
            return
        path = _absolute(self.target)
        code = _code_of_file(path, compile_main)
        main = self._enter(self.target, os.path.dirname(real(self.target)))
        loader = SourcelessFileLoader if path.endswith(".pyc") else SourceFileLoader
        main.__loader__ = loader("__main__", path)
        vars(main).update(__file__=path, __cached__=None)
        exec(code, vars(main))

    def _module(self, compile_main: Compile) -> None:
        self._enter("-m", working_directory())
        _run_module(self.target, True)

    def _code(self, compile_main: Compile) -> None:
        main = self._enter("-c", "")
        exec(compile_main(self.target, "<string>"), vars(main))

    def _input(self, compile_main: Compile) -> None:
        main = self._enter("-", "")
        vars(main).update(__file__="<stdin>", __cached__=None)
        exec(compile_main(sys.stdin.buffer.read(), "<stdin>"), vars(main))

    def _enter(self, name: str, path: str) -> ModuleType:
        """Set what the program sees of itself; return its `__main__` module."""
        sys.argv[:] = [name, *self.arguments]
        if not getattr(sys.flags, "safe_path", False):
            sys.path[:1] = [path]
        main = ModuleType("__main__")
        if sys.version_info < (3, 14):
            main.__annotations__ = {}
        main.__loader__ = BuiltinImporter
        vars(main)["__builtins__"] = sys.modules["builtins"]
        sys.modules["__main__"] = main
        return main


def _run_module(name: str, replace_argument: bool) -> None:
    # Called by the interpreter for -m, so that messages and traceback frames are the same.
    run: Callable[[str, bool], Any] = vars(runpy)["_run_module_as_main"]
    run(name, replace_argument)


def _absolute(path: str) -> str:
    """Return an absolute path as the interpreter does: `.`, `..` and symbolic links stay."""
    return os.path.join(working_directory(), path)


def _code_of_file(path: str, compile_main: Compile) -> CodeType:
    try:
        with io.open_code(path) as file:
            source: bytes = file.read()
    except OSError as error:
        raise NoProgram(f"can't open file {path!r}: [Errno {error.errno}] {error.strerror}") from error
    if path.endswith(".pyc"):
        code = SourcelessFileLoader("__main__", path).get_code("__main__")
        assert code is not None
        return code
    return compile_main(source, path)
