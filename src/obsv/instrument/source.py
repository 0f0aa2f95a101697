"""Recording what a module defines from the moment it is defined, by marking its definitions when it is compiled.

Patching a module after its import would be simpler, but whatever took a reference during the import (a table of
handlers, a registering decorator, a default argument, a circular import) would keep the unrecorded function; and a
script runs while it is defined. So each `def` at the top of a module gets a decorator under all others, each `class`
one above all others, on the same lines: what the compiler says of lines and names stays as it is.
"""

import ast
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from obsv.instrument.leave import leaves_decorated

Mark = Callable[[Any], Any]

# Stands for the decorator in the tree; the compiled code then gets the very object among its constants, so that the
# module's names stay as they are.
_PLACEHOLDER = "\0obsv.mark"

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# What a definition at the top of a module may stand in.
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def compile_marked(source: bytes | str, filename: str, mark: Mark) -> CodeType:
    """Compile a module so that its public functions and classes pass through a decorator as they are defined.

    Args:
        source: the module's text, or its bytes with their encoding declared as PEP 263 has it.
        filename: what tracebacks show.
        mark: the decorator.

    Raises:
        SyntaxError, ValueError: as `compile`.
    """
    tree: Any = compile(source, filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    for definition in list(_definitions(tree)):
        if not definition.name.startswith("_"):
            _decorate(definition)
    code: CodeType = compile(tree, filename, "exec", 0, dont_inherit=True)
    constants = tuple(mark if type(value) is str and value == _PLACEHOLDER else value for value in code.co_consts)
    return code.replace(co_consts=constants)


def _definitions(node: ast.AST) -> Iterator[Any]:
    """The definitions at the top of a module, also in its `if`, `try`, `with`, `for`, `while` and `match`."""
    for block in _BLOCKS:
        for child in getattr(node, block, ()):
            if isinstance(child, (*_FUNCTIONS, ast.ClassDef)):
                yield child
            else:
                yield from _definitions(child)


def _decorate(definition: Any) -> None:
    decorators = definition.decorator_list
    line, column = definition.lineno, definition.col_offset
    if isinstance(definition, ast.ClassDef):
        # The class statement begins at its first decorator.
        line = decorators[0].lineno if decorators else line
        decorators.insert(0, _placeholder(line, column))
    elif not leaves_decorated(decorators):
        decorators.append(_placeholder(line, column))


def _placeholder(line: int, column: int) -> ast.Constant:
    return ast.Constant(_PLACEHOLDER, lineno=line, col_offset=column, end_lineno=line, end_col_offset=column)
