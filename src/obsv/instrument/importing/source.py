"""Recording of what a module defines from the moment of its definition, by its code.

Patching a module after its import would be simpler, but every reference taken during the import (a table of handlers, a
registering decorator, a default argument, a circular import) would keep the unrecorded function; and a script runs
while it is defined. Therefore the code of each `def` at the top of a module or class is converted to recording code
(`graft.py`) before the module runs. Its recorder is created when it is first called (`late.py`); until then a plan
takes its place, so that a module's code can be stored in a file.

A function whose code cannot be converted gets a decorator below all others, on the same line, so that lines and names
in compiler messages stay the same.
"""

import ast
import marshal
from collections.abc import Callable, Iterator, Mapping
from inspect import CO_OPTIMIZED
from types import CodeType, MappingProxyType
from typing import Any, NamedTuple

from obsv.instrument.grafting.graft import Graft, can_graft
from obsv.instrument.grafting.graft_steps import SteppedGraft, can_graft_steps
from obsv.instrument.importing.automatic import Automatic
from obsv.instrument.importing.late import LateFunction, Loaded, Plan, original_code
from obsv.instrument.importing.leave import leaves_decorated
from obsv.instrument.parameters import parameters_of
from obsv.instrument.recorder import Recorder, is_stepped
from obsv.instrument.wrapping import kind_of

# Placeholders for the decorators in the tree and among the constants of the compiled code, which are then replaced by
# the actual objects, so that the module's names stay unchanged.
_MARK = "\0obsv.mark"
_METHOD = "\0obsv.method"
_PLAN = "\0obsv.plan"

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# Statements at the top of a module that may contain a definition.
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


class Wanted(NamedTuple):
    """Selection of what to record in a module, as far as it does not depend on names given by the user.

    Args:
        is_measured: whether a call takes more than a span.
        private: whether to record functions whose names begin with an underscore too.
    """

    is_measured: bool = False
    private: bool = False


class _Chosen(NamedTuple):
    definition: Any
    is_method: bool


_NOTHING: Mapping[str, Any] = MappingProxyType({})
# The first line of a function and its name.
_Place = tuple[int, str]


def compile_planned(source: bytes | str, filename: str, wanted: Wanted) -> CodeType:
    """Compile a module so that its public functions can be recorded; `recording_code` creates the code to run.

    Args:
        source: the module's text, or its bytes with their encoding declared as in PEP 263.
        filename: the file name for tracebacks.

    Returns:
        Code with plans among its constants, which can be marshalled.

    Raises:
        SyntaxError, ValueError: as `compile`.
    """
    tree = _tree(source, filename)
    chosen = dict(_chosen(tree, wanted))
    code = compile(tree, filename, "exec", 0, dont_inherit=True)
    grafted = _grafted(code, chosen, wanted)
    left = [chosen[place] for place, made in grafted.items() if made is None]
    if left:
        for each in left:
            _decorate(each)
        code = compile(tree, filename, "exec", 0, dont_inherit=True)
    return _with(code, lambda function: grafted.get(_place_of(function)) or function)


def plan_compiled(code: CodeType, source: bytes | str, wanted: Wanted) -> CodeType:
    """Do the same as `compile_planned` for already compiled code; functions that cannot be converted are not recorded.

    Args:
        source: the text that it was compiled from.
    """
    grafted = _grafted(code, dict(_chosen(_tree(source, code.co_filename), wanted)), wanted)
    return _with(code, lambda function: grafted.get(_place_of(function)) or function)


def _tree(source: bytes | str, filename: str) -> Any:
    return compile(source, filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)


def _grafted(code: CodeType, chosen: dict[_Place, _Chosen], wanted: Wanted) -> dict[_Place, CodeType | None]:
    found = dict(_functions(code))
    return {place: _planned(found[place], each, wanted) for place, each in chosen.items() if place in found}


def recording_code(code: CodeType, name: str, automatic: Automatic, at_ns: int) -> CodeType:
    """Return the code of a module to run, which records the selected functions.

    Args:
        code: the result of `compile_planned`.
        name: the module's name.
        automatic: decorates functions that cannot record by their own code.
        at_ns: Unix time; source written later does not match the running code.
    """
    module, takes = Loaded(name, automatic.options, at_ns), automatic.selection.takes
    marks = {_MARK: automatic.mark, _METHOD: automatic.method}

    def ready(function: CodeType) -> CodeType:
        constants = function.co_consts
        if len(constants) < 2 or type(constants[-2]) is not tuple or constants[-2][:1] != (_PLAN,):
            return function
        plan = Plan._make(constants[-2])
        if not takes(function.co_qualname):
            return original_code(plan)
        recorder = Recorder.at_first_call(LateFunction(plan, module))
        return function.replace(co_consts=(*constants[:-2], recorder, None))

    return _with(code, ready, marks)


def _with(code: CodeType, function: Callable[[CodeType], CodeType], marks: Mapping[str, Any] = _NOTHING) -> CodeType:
    """Return a module's code, and that of its classes, with other functions and with marks in their places."""
    constants = tuple(
        (_with(value, function, marks) if _holds_definitions(value) else function(value))
        if type(value) is CodeType
        else marks.get(value, value)
        if type(value) is str
        else value
        for value in code.co_consts
    )
    return code.replace(co_consts=constants)


def _functions(code: CodeType) -> Iterator[tuple[_Place, CodeType]]:
    for value in code.co_consts:
        if type(value) is not CodeType:
            continue
        if _holds_definitions(value):
            yield from _functions(value)
        else:
            yield _place_of(value), value


def _holds_definitions(code: CodeType) -> bool:
    """Return whether code belongs to a class, or to the scope around a definition with type parameters."""
    return not code.co_flags & CO_OPTIMIZED or code.co_name.startswith("<generic parameters of ")


def _place_of(code: CodeType) -> _Place:
    return code.co_firstlineno, code.co_name


def _planned(code: CodeType, chosen: _Chosen, wanted: Wanted) -> CodeType | None:
    """Return a function's recording code, with a plan; None if it cannot be created."""
    steps = is_stepped(kind_of(code), wanted.is_measured)
    try:
        if not (can_graft_steps(code) if steps else can_graft(code)):
            return None
        plan = Plan(_PLAN, chosen.is_method, chosen.definition.end_lineno, marshal.dumps(code))
        return (SteppedGraft if steps else Graft)(code, tuple(plan)).made(parameters_of(code).variables)
    except Exception:
        return None


def _chosen(tree: Any, wanted: Wanted, is_method: bool = False) -> Iterator[tuple[_Place, _Chosen]]:
    """Yield the recorded definitions of a module or class, by first line and name."""
    for definition in _definitions(tree):
        decorators = definition.decorator_list
        if not _is_wanted(definition.name, wanted, is_method) or leaves_decorated(decorators):
            continue
        if isinstance(definition, ast.ClassDef):
            # Everything that sees a method while its class is created sees the recorded one: tables in the body,
            # metaclasses.
            yield from _chosen(definition, wanted, is_method=True)
        else:
            line = decorators[0].lineno if decorators else definition.lineno
            yield (line, definition.name), _Chosen(definition, is_method and not _is_static(definition))


def _is_wanted(name: str, wanted: Wanted, is_method: bool) -> bool:
    if name.startswith("__") and name.endswith("__"):
        return is_method and name == "__call__"
    return wanted.private or not name.startswith("_")


def _definitions(node: ast.AST) -> Iterator[Any]:
    """Yield the definitions at the top of a module, including those in its `if`, `try`, `with`, `for`, `while` and
    `match`.
    """
    for block in _BLOCKS:
        for child in getattr(node, block, ()):
            if isinstance(child, (*_FUNCTIONS, ast.ClassDef)):
                yield child
            else:
                yield from _definitions(child)


def _decorate(chosen: _Chosen) -> None:
    definition = chosen.definition
    line, column = definition.lineno, definition.col_offset
    mark = ast.Constant(_METHOD if chosen.is_method else _MARK)
    mark.lineno = mark.end_lineno = line
    mark.col_offset = mark.end_col_offset = column
    definition.decorator_list.append(mark)


def _is_static(definition: Any) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in definition.decorator_list)
