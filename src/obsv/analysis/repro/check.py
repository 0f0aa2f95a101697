"""Verification of a generated test: it is parsed as Python parses it, before anybody runs it, and compared with the
intent.

The writer makes sure that recorded text stays text. This check does not rely on it: everything that the parsed file
imports, calls or names must be on a list made only from the target and the templates.
"""

from __future__ import annotations

import ast
import io
import tokenize
from typing import NamedTuple

from obsv.analysis.repro import parts
from obsv.analysis.repro.literal import CONSTRUCTORS
from obsv.analysis.repro.outcome import builtin_exception
from obsv.analysis.repro.parsing import dotted
from obsv.analysis.repro.recorded_text import AROUND
from obsv.errors import InvalidQuery

_MODULES = {"asyncio", "base64", "collections", "datetime", "decimal", "enum", "fractions", "pathlib", "pickle"}
_MODULES |= {"pytest", "re", "sys", "uuid"}
_FROM = {("typing", "Any"), ("obsv.capture", "render"), ("obsv.capture", "snapshot")}
_ISO = ("datetime.datetime.fromisoformat", "datetime.date.fromisoformat", "datetime.time.fromisoformat")
_CALLS = {"float", "len", "type", "str", "list", "next", "pytest.raises", "caught.match", "asyncio.run", "pathlib.Path"}
_CALLS |= {"pickle.loads", "base64.b64decode", *_ISO, *CONSTRUCTORS.values(), *AROUND.values(), *parts.HELPERS}
_READ = {"caught.value", "caught.value.args", "kind.__module__", "kind.__qualname__", "datetime.timezone.utc"}
_NAMES = {"said", "INPUTS", "args", "kwargs", "result", "caught", "kind", "function", "NotImplemented"}
_TEXT_METHODS = {"startswith", "endswith"}
_NODES = (
    ast.Assert, ast.Assign, ast.BinOp, ast.Compare, ast.Constant, ast.Dict, ast.Expr, ast.FormattedValue, ast.IfExp,
    ast.JoinedStr,
    ast.List, ast.Set, ast.Slice, ast.Starred, ast.Subscript, ast.Tuple, ast.UnaryOp, ast.With, ast.cmpop,
    ast.expr_context, ast.keyword, ast.operator, ast.unaryop, ast.withitem,
)  # fmt: skip


class Meant(NamedTuple):
    """The content that a file may have besides values.

    Args:
        imported: `(module, name, alias)` of the function or its class; None if it must be filled in.
        folder: directory to put on `sys.path`; None for none.
        function: the called expression, as written in the test.
    """

    imported: tuple[str, str, str] | None
    folder: str | None
    function: str


def check(source: str, meant: Meant) -> None:
    """Check that a file contains only what was intended.

    Raises:
        InvalidQuery: it contains something else; it must not be shown to anybody.
    """
    if problem := _problem(source, meant):
        raise InvalidQuery(f"No test was written for this call: {problem}. Please report this as a bug in obsv.")


def _problem(source: str, meant: Meant) -> str | None:
    try:
        data = source.encode("utf-8")
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"it cannot be read back ({type(error).__name__})"
    # A recorded text in the first two lines could declare another encoding, in which strings end elsewhere (PEP 263).
    if encoding != "utf-8":
        return f"it would be read as {encoding}"
    *rest, test = tree.body
    if not isinstance(test, ast.FunctionDef) or not test.name.startswith("test_"):
        return "it does not end with a test"
    known = _statements(meant)
    for node in rest:
        if ast.dump(node) not in known and not _is_usual(node):
            return f"it has an unexpected {type(node).__name__} in line {node.lineno}"
    if sum(isinstance(node, ast.ImportFrom) and not _is_usual(node) for node in rest) != (meant.imported is not None):
        return "it does not import the function once"
    return _Test(meant.function).problem(test)


def _statements(meant: Meant) -> set[str]:
    """Return the statements that differ from file to file, and the helpers, as formatted by `ast.dump`."""
    module, name, known_as = meant.imported or ("", "", "")
    texts = parts.helpers(module)
    if meant.imported is not None:
        texts.append(f"from {module} import {name}" + ("" if name == known_as else f" as {known_as}"))
    if meant.folder is not None:
        texts.append(f"sys.path.insert(0, {meant.folder!r})")
    return {ast.dump(ast.parse(text).body[0]) for text in texts}


def _is_usual(node: ast.stmt) -> bool:
    """Return whether a statement is one that any file may contain."""
    if isinstance(node, ast.Import):
        return all(each.name in _MODULES and each.asname is None for each in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.level == 0 and all((node.module, each.name) in _FROM and not each.asname for each in node.names)
    if isinstance(node, ast.Assign):
        return dotted(node.targets[0]) == "INPUTS" and isinstance(node.value, ast.Constant)
    return False


class _Test(ast.NodeVisitor):
    """The verification of a test function.

    Args:
        function: the function that it calls.
    """

    def __init__(self, function: str) -> None:
        self._function = function
        self._calls = 0
        self._problem: str | None = None

    def problem(self, test: ast.FunctionDef) -> str | None:
        """Return the first unexpected part; None if there is none."""
        if test.decorator_list or ast.dump(test.args) != ast.dump(ast.parse("def f(): ...").body[0].args):  # type: ignore[attr-defined]
            return "its test has arguments or decorators"
        for statement in test.body:
            self.visit(statement)
        if self._calls != 1 and self._problem is None:
            return "it does not call the function once"
        return self._problem

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, _NODES):
            super().generic_visit(node)
        else:
            self._problem = f"it has an unexpected {type(node).__name__}"

    def visit_Call(self, node: ast.Call) -> None:
        name = dotted(node.func)
        self._calls += name == self._function
        if _is_text_method(node.func):
            self.visit(node.func.value)  # type: ignore[attr-defined]
        elif name not in _CALLS and name != self._function:
            self._problem = f"it calls {name[:80] or 'something'!r}"
        for argument in (*node.args, *node.keywords):
            self.visit(argument)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if dotted(node) not in _READ:
            self._problem = f"it reads {dotted(node)[:80] or 'something'!r}"

    def visit_Name(self, node: ast.Name) -> None:
        if node.id not in _NAMES and builtin_exception(node.id) is None:
            self._problem = f"it names {node.id[:80]!r}"


def _is_text_method(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr in _TEXT_METHODS
        and isinstance(function.value, ast.JoinedStr | ast.Constant)
    )
