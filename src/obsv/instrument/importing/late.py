"""Functions whose code records as part of a module, and for which nothing is created until they are called."""

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
    """The placeholder of a recorder in code that can be marshalled.

    Args:
        tag: distinguishes a plan from a constant of the program.
        is_method: whether the first parameter is the receiver, whatever its name.
        end_line: the number of the last line of its source.
        original: its code as compiled, marshalled.
    """

    tag: str
    is_method: bool
    end_line: int
    original: bytes


class Loaded(NamedTuple):
    """The data shared by the functions of one module.

    Args:
        name: the module's name.
        options: recording options.
        at_ns: when it was loaded, Unix time: source written later does not match the running code.
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
        """Return the function's own code, as compiled."""
        return original_code(self._plan)

    def arguments(self, frame: FrameType | None) -> tuple[Function, Options, Parameters, Kind]:
        module, options = self._module, self._module.options
        code = self.code if frame is None else frame.f_code
        name = module.name if frame is None else frame.f_globals.get("__name__")
        # The name of the parent's main module in a child of `multiprocessing`.
        name = "__main__" if name == "__mp_main__" else str(name or "")
        kind, parameters = kind_of(code), parameters_of(code, self._plan.is_method)
        process = f"{name}.{code.co_qualname}" if name else code.co_qualname
        reader = _reader(code.co_filename, code.co_firstlineno, self._plan.end_line, module.at_ns)
        return function_of(process, name, reader, options), options, parameters, kind


def original_code(plan: Plan) -> CodeType:
    """Return the code of a function as compiled."""
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
