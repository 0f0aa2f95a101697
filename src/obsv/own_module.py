"""Copies of built-in modules that nobody else holds."""

import importlib.util
from importlib.machinery import BuiltinImporter
from typing import Any


def own_module(name: str) -> Any:
    """Return a copy of a module in C, as it was before anything was patched into it.

    Args:
        name: of a module of the standard library, built in or an extension.
    """
    # The importer first: what `importlib.util` finds is what the module in `sys.modules` says of itself.
    spec = BuiltinImporter.find_spec(name) or importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made
