"""Parsing Python that somebody else wrote, or that only looks like it."""

from __future__ import annotations

import ast
import warnings


def parse_expression(text: str) -> ast.expr | None:
    """The syntax tree of an expression; None where the text is none."""
    tree = _parse(text, "eval")
    return tree.body if isinstance(tree, ast.Expression) else None


def parse_module(text: str) -> ast.Module | None:
    """The syntax tree of a source text; None where it is none."""
    tree = _parse(text, "exec")
    return tree if isinstance(tree, ast.Module) else None


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` of a chain of attributes; empty for anything else."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else ""


def _parse(text: str, mode: str) -> ast.AST | None:
    try:
        with warnings.catch_warnings():
            # Of escape sequences that Python does not know; nobody here could mend them.
            warnings.simplefilter("ignore")
            tree: ast.AST = ast.parse(text, mode=mode)
            return tree
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
