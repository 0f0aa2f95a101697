"""Modules whose assertions pytest rewrites: test modules, and those imported for them.

pytest has its own loader, which runs before all others and keeps its compiled code in its own files. It runs a module's
code with `exec`; this module replaces that name in pytest.
"""

import logging
from collections.abc import Callable
from types import CodeType, FunctionType, ModuleType
from typing import Any

from obsv.instrument.after_import import after_import
from obsv.instrument.frames import FILE

logger = logging.getLogger("obsv")

Prepare = Callable[[CodeType, dict[str, Any]], CodeType]
MODULE = "_pytest.assertion.rewrite"


def follow_pytest(prepare: Prepare) -> None:
    """Have the modules recorded that pytest loads itself, once it is imported.

    Args:
        prepare: makes what runs of a module's code, which is given with the module's namespace.
    """

    def tell(rewrite: ModuleType) -> None:
        vars(rewrite)["exec"] = _exec(prepare)

    after_import(MODULE, tell)


def _exec(prepare: Prepare) -> Callable[..., None]:
    def run(code: CodeType, namespace: dict[str, Any]) -> None:
        exec(prepare(code, namespace), namespace)

    assert isinstance(run, FunctionType)
    # pytest hides frames of such files in the tracebacks that it shows.
    run.__code__ = run.__code__.replace(co_filename=FILE)
    return run
