"""Work on another project's module after its import."""

import logging
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

logger = logging.getLogger("obsv")

Then = Callable[[ModuleType], None]


class AwaitingFinder:
    """A meta path finder that finds nothing itself: it tells when some modules have been made.

    `importlib.abc`, which has the class of such finders, takes 5 ms to load.

    Attributes:
        waiting: what to do with a module, by its name.
    """

    def __init__(self) -> None:
        self.waiting: dict[str, Then] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None for a module that nobody waits for; else the spec that the finders behind this one give."""
        then = self.waiting.get(fullname)
        if then is None:
            return None
        spec = spec_of_others(self, fullname, path, target)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            _follow(spec.loader, then)
        return spec


_finder = AwaitingFinder()


def after_import(name: str, then: Then) -> None:
    """Have something done with a module: now if it is imported, and whenever it is.

    Args:
        name: the module's.
        then: takes the place of what was to be done with that module before.
    """
    _finder.waiting[name] = then
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    if (module := sys.modules.get(name)) is not None:
        _tell(module, then)


def spec_of_others(finder: Any, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
    """Return the spec from the finders after a given one."""
    finders: list[Any] = list(sys.meta_path)
    for other in finders[finders.index(finder) + 1 :] if finder in finders else finders:
        find = getattr(other, "find_spec", None)
        spec: ModuleSpec | None = None if find is None else find(name, path, target)
        if spec is not None:
            return spec
    return None


def _follow(loader: Any, then: Then) -> None:
    """Have a loader call something once it has made its module."""

    def exec_module(module: ModuleType) -> None:
        del loader.exec_module
        loader.exec_module(module)
        _tell(module, then)

    try:
        loader.exec_module = exec_module
    except AttributeError:
        logger.debug("The module of %r is left as it is.", loader)


def _tell(module: ModuleType, then: Then) -> None:
    try:
        then(module)
    except Exception:
        logger.debug("%s is left as it is.", module.__name__, exc_info=True)
