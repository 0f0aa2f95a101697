"""Private copies of built-in modules."""

import importlib.util
from importlib.machinery import BuiltinImporter
from typing import Any


def own_module(name: str) -> Any:
    """Return a private copy of a C module, as it was before it was patched.

    Args:
        name: name of a standard library module, built-in or extension.
    """
    # Copy the importer first: `importlib.util` reads its result from the module in `sys.modules`.
    spec = BuiltinImporter.find_spec(name) or importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made
