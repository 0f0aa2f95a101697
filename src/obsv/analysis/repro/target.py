"""The target of a recorded name: its module and how to call it."""

from __future__ import annotations

import ast
import keyword
import textwrap
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import NamedTuple

from obsv.analysis.repro.parsing import parse_expression, parse_module
from obsv.store.ground import Code

POSITIONAL_ONLY, PLAIN, VARIADIC, KEYWORD_ONLY, KEYWORDS = range(5)
Definition = ast.FunctionDef | ast.AsyncFunctionDef


class Parameter(NamedTuple):
    """A parameter. `annotation`: the names in its annotation."""

    name: str
    kind: int
    has_default: bool
    annotation: frozenset[str]


class Target(NamedTuple):
    """A function.

    Attributes:
        module: module to import; None if it cannot be imported.
        path: its path in the module: `("Book", "match")`.
        script: file of a program that ran as `__main__`; `module` is then the name of that file.
        parameters: in order, without the class of a class method; None if unknown.
        is_async: whether a call must be awaited, or iterated over asynchronously.
        is_generator: whether a call creates a generator.
        is_class_method: whether Python passes the class.
    """

    module: str | None
    path: tuple[str, ...]
    script: str | None
    parameters: tuple[Parameter, ...] | None
    is_async: bool
    is_generator: bool
    is_class_method: bool


def target_of(name: str, code: Code | None) -> Target:
    """Return the target of a recorded name.

    Args:
        name: `module.qualname`.
        code: location and source of the function; None if unknown.
    """
    module, path, script = _place(name, code)
    definition = _definition(code.source_text) if code else None
    if definition is None:
        return Target(module, path, script, None, False, False, False)
    if module is not None and definition.name != path[-1]:
        # The span was renamed while it ran: its name is not the function's.
        return Target(None, path, None, None, False, False, False)
    decorators = {part for each in definition.decorator_list for part in _names(each)}
    is_class_method = "classmethod" in decorators
    parameters = _parameters(definition.args)
    return Target(
        module,
        path,
        script,
        parameters[1:] if is_class_method else parameters,
        isinstance(definition, ast.AsyncFunctionDef),
        _yields(definition),
        is_class_method,
    )


def is_name(text: str) -> bool:
    """Return whether a text is a valid name in Python source."""
    return text.isidentifier() and not keyword.iskeyword(text) and text != "__debug__"


def _place(name: str, code: Code | None) -> tuple[str | None, tuple[str, ...], str | None]:
    parts = name.split(".")
    if len(parts) < 2 or not all(map(is_name, parts)) or parts[0] == "__future__":
        return None, tuple(parts), None
    if parts[0] == "__main__":
        return _script(parts[1:], code)
    length = _module_length(parts, code)
    return ".".join(parts[:length]), tuple(parts[length:]), None


def nothing_of(name: str) -> Target:
    """Return a target for a name that must not be imported."""
    return Target(None, (name,), None, None, False, False, False)


def _script(path: list[str], code: Code | None) -> tuple[str | None, tuple[str, ...], str | None]:
    # A relative path would depend on the directory where the test runs.
    if code is None or not _is_absolute(code.file_path):
        return None, tuple(path), None
    stem = PurePath(code.file_path).stem
    return (stem, tuple(path), code.file_path) if is_name(stem) else (None, tuple(path), None)


def _is_absolute(path: str) -> bool:
    return path.isprintable() and (PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute())


def _module_length(parts: list[str], code: Code | None) -> int:
    """Return how many parts of a dotted name belong to the module: by its file, or else up to a part that looks like a
    class.
    """
    if code is not None:
        file = PurePath(code.file_path.replace("\\", "/"))
        places = file.parts[:-1] if file.stem == "__init__" else (*file.parts[:-1], file.stem)
        for length in range(len(parts) - 1, 0, -1):
            if places[-length:] == tuple(parts[:length]):
                return length
    return next((at for at, part in enumerate(parts) if at and part[0].isupper()), len(parts) - 1)


def _definition(source: str) -> Definition | None:
    """Return the only function in a source text; None if there is none, or more than one."""
    tree = parse_module(textwrap.dedent(source))
    if tree is None:
        return None
    body = tree.body
    return body[0] if len(body) == 1 and isinstance(body[0], Definition) else None


def _parameters(arguments: ast.arguments) -> tuple[Parameter, ...]:
    positional = [*arguments.posonlyargs, *arguments.args]
    first_default = len(positional) - len(arguments.defaults)
    found = [
        _parameter(each, POSITIONAL_ONLY if at < len(arguments.posonlyargs) else PLAIN, at >= first_default)
        for at, each in enumerate(positional)
    ]
    if arguments.vararg:
        found.append(_parameter(arguments.vararg, VARIADIC, True))
    found += [
        _parameter(each, KEYWORD_ONLY, default is not None)
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    if arguments.kwarg:
        found.append(_parameter(arguments.kwarg, KEYWORDS, True))
    return tuple(found)


def _parameter(argument: ast.arg, kind: int, has_default: bool) -> Parameter:
    return Parameter(argument.arg, kind, has_default, _names(argument.annotation))


def _names(node: ast.expr | None) -> frozenset[str]:
    """Return the names in an expression, even in a string: `{"datetime", "date"}` for `datetime.date | None`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        node = parse_expression(node.value)
    if node is None:
        return frozenset()
    parts = list(ast.walk(node))
    attributes = {part.attr for part in parts if isinstance(part, ast.Attribute)}
    return frozenset(attributes | {part.id for part in parts if isinstance(part, ast.Name)})


def _yields(definition: Definition) -> bool:
    """Return whether a definition is a generator: it has its own yield, not one in an inner function."""
    waiting: list[ast.AST] = list(definition.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, Definition | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))
    return False
