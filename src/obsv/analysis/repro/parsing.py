"""Parsing of untrusted text that may be Python."""

from __future__ import annotations

import ast
import warnings


def parse_expression(text: str) -> ast.expr | None:
    """Return the syntax tree of an expression; None if the text is not one."""
    tree = _parse(text, "eval")
    return tree.body if isinstance(tree, ast.Expression) else None


def parse_module(text: str) -> ast.Module | None:
    """Return the syntax tree of source code; None if the text is not valid source."""
    tree = _parse(text, "exec")
    return tree if isinstance(tree, ast.Module) else None


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` for a chain of attributes; empty for anything else."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else ""


def _parse(text: str, mode: str) -> ast.AST | None:
    try:
        with warnings.catch_warnings():
            # Warnings about unknown escape sequences; nobody here could fix them.
            warnings.simplefilter("ignore")
            tree: ast.AST = ast.parse(text, mode=mode)
            return tree
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
