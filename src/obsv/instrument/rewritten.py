"""Modules whose assertions pytest rewrites: test modules, and what is imported for them.

pytest has a loader of its own, which stands before all others and keeps what it compiles in files of its own. It runs a
module's code by `exec`; what that name means to it is told here.
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
    # pytest leaves frames of such files out of the tracebacks that it shows.
    run.__code__ = run.__code__.replace(co_filename=FILE)
    return run
