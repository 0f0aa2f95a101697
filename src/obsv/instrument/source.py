"""Recording what a module defines from the moment it is defined, by marking its definitions when it is compiled.

Patching a module after its import would be simpler, but whatever took a reference during the import (a table of
handlers, a registering decorator, a default argument, a circular import) would keep the unrecorded function; and a
script runs while it is defined. So each `def` at the top of a module or of a class gets a decorator under all
others, each `class` one above all others, on the same lines: what the compiler says of lines and names stays as it is.
"""

import ast
from collections.abc import Callable, Iterator
from inspect import CO_OPTIMIZED
from types import CodeType
from typing import Any

from obsv.instrument.leave import leaves_decorated

Mark = Callable[[Any], Any]

# Stands for the decorator in the tree; the compiled code then gets the very object among its constants, so that the
# module's names stay as they are.
_PLACEHOLDER = "\0obsv.mark"
_METHOD = "\0obsv.method"

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# What a definition at the top of a module may stand in.
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def compile_marked(source: bytes | str, filename: str, mark: Mark, method: Mark) -> CodeType:
    """Compile a module so that its public functions and classes pass through a decorator as they are defined.

    Args:
        source: the module's text, or its bytes with their encoding declared as PEP 263 has it.
        filename: what tracebacks show.
        mark: the decorator of functions and classes.
        method: that of functions in the bodies of classes.

    Raises:
        SyntaxError, ValueError: as `compile`.
    """
    tree: Any = compile(source, filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    for definition in list(_definitions(tree)):
        if not definition.name.startswith("_"):
            _decorate(definition, _PLACEHOLDER)
    return _with_marks(compile(tree, filename, "exec", 0, dont_inherit=True), {_PLACEHOLDER: mark, _METHOD: method})


def _with_marks(code: CodeType, marks: dict[str, Mark]) -> CodeType:
    """A module's code, and that of the classes in it, with the marks in the places that are kept for them."""
    constants = tuple(
        marks.get(value, value)
        if type(value) is str
        else _with_marks(value, marks)
        if type(value) is CodeType and not value.co_flags & CO_OPTIMIZED
        else value
        for value in code.co_consts
    )
    return code.replace(co_consts=constants)


def _definitions(node: ast.AST) -> Iterator[Any]:
    """The definitions at the top of a module, also in its `if`, `try`, `with`, `for`, `while` and `match`."""
    for block in _BLOCKS:
        for child in getattr(node, block, ()):
            if isinstance(child, (*_FUNCTIONS, ast.ClassDef)):
                yield child
            else:
                yield from _definitions(child)


def _decorate(definition: Any, placeholder: str) -> None:
    decorators = definition.decorator_list
    line, column = definition.lineno, definition.col_offset
    if not isinstance(definition, ast.ClassDef):
        if not leaves_decorated(decorators):
            decorators.append(_decorator(placeholder, line, column))
        return
    if not leaves_decorated(decorators):
        # Whatever sees a method while its class is made sees the recorded one: tables in the body, metaclasses.
        for member in list(_definitions(definition)):
            if not member.name.startswith("_") or member.name == "__call__":
                _decorate(member, _PLACEHOLDER if _is_static(member) else _METHOD)
    # The class statement begins at its first decorator.
    line = decorators[0].lineno if decorators else line
    decorators.insert(0, _decorator(_PLACEHOLDER, line, column))


def _is_static(definition: Any) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in definition.decorator_list)


def _decorator(placeholder: str, line: int, column: int) -> ast.Constant:
    return ast.Constant(placeholder, lineno=line, col_offset=column, end_lineno=line, end_col_offset=column)
