"""Functions whose code is recorded as it stands in a module, and which nothing is made for until they are called."""

import marshal
from collections.abc import Callable
from types import CodeType, FrameType
from typing import NamedTuple

from obsv.instrument.options import Options
from obsv.instrument.parameters import Parameters, parameters_of
from obsv.instrument.recorder import Kind, Later
from obsv.instrument.wrapping import function_of, kind_of
from obsv.source_lines import SourceFiles
from obsv.trace.function import Code, Function
from obsv.working_directory import normal


class Plan(NamedTuple):
    """What stands in the place of a recorder in code that can be marshalled.

    Args:
        tag: tells a plan from a constant of the program's.
        is_method: the first parameter is the receiver, whatever its name.
        end_line: the number of the last line of its source.
        original: its code as the compiler made it, marshalled.
    """

    tag: str
    is_method: bool
    end_line: int
    original: bytes


class Loaded(NamedTuple):
    """What the functions of one module have in common.

    Args:
        name: the module's.
        options: how calls are recorded.
        at_ns: when it was loaded, as Unix time: what was written after that is not what runs.
    """

    name: str
    options: Options
    at_ns: int


class LateFunction(Later):
    """A function of a module, before its first call."""

    __slots__ = ("_module", "_plan")

    def __init__(self, plan: Plan, module: Loaded) -> None:
        self._plan, self._module = plan, module

    @property
    def code(self) -> CodeType:
        """The function's own code, as the compiler made it."""
        return original_code(self._plan)

    def arguments(self, frame: FrameType | None) -> tuple[Function, Options, Parameters, Kind]:
        module, options = self._module, self._module.options
        code = self.code if frame is None else frame.f_code
        name = module.name if frame is None else frame.f_globals.get("__name__")
        # What a child of `multiprocessing` calls the main module of its parent.
        name = "__main__" if name == "__mp_main__" else str(name or "")
        kind, parameters = kind_of(code), parameters_of(code, self._plan.is_method)
        process = f"{name}.{code.co_qualname}" if name else code.co_qualname
        reader = _reader(code.co_filename, code.co_firstlineno, self._plan.end_line, module.at_ns)
        return function_of(process, name, reader, options), options, parameters, kind


def original_code(plan: Plan) -> CodeType:
    """The code of a function as the compiler made it."""
    code: CodeType = marshal.loads(plan.original)
    return code


_files = SourceFiles()


def _reader(file: str, line: int, end: int, loaded_ns: int) -> Callable[[], Code | None]:
    def read() -> Code | None:
        path = normal(file)
        source = _files.read(path)
        if source is None or source.changed_ns > loaded_ns:
            return Code(path, line, "")
        return Code(path, line, "".join(source.lines[line - 1 : end]))

    return read
