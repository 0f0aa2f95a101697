"""Record the processes that a recorded program starts with `multiprocessing`.

A forked child inherits its parent's state. A spawned child, or one of a fork server, is a new interpreter without `obsv
run`. The first thing it reads is a pickled dict of preparation data: the entry added here starts recording when it is
unpickled, before the child runs the program's main module again.
"""

import contextlib
import functools
import pickle
import pkgutil
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import CodeType, ModuleType
from typing import Any

from obsv.cli.running.give_way import give_way, load_pipeline
from obsv.instrument.after_import import after_import
from obsv.instrument.grafting.graft import IS_POSSIBLE
from obsv.instrument.importing.imports import RecordingFinder, code_of
from obsv.instrument.options import Options
from obsv.instrument.selection import Names
from obsv.instrument.threads import follow_threads
from obsv.trace.provider import stand_in

_SPAWN = "multiprocessing.spawn"
# If anything fails here, the child still starts: its environment may not have obsv.
_BEGIN = """
import pickle, sys
loaded, path = frozenset(sys.modules), sys.path[:]
try:
    # The current directory may have a sqlite3.py, which is not what obsv needs.
    sys.path[:] = [entry for entry in path if entry]
    pickle.loads(children).begin(loaded)
except Exception:
    pass
finally:
    sys.path[:] = path
"""


@dataclass(frozen=True)
class Children:
    """Records the children of this process and their descendants.

    Args:
        finder: records modules as they are imported.
        main_options: recording options for the main module; None if it is not recorded.
        script: absolute path of the main module, if it is run by path.
        directory: the directory of the program's own modules, which take precedence over modules loaded by obsv.
        names: which names of modules are recorded.
    """

    finder: RecordingFinder
    main_options: Options | None
    script: str
    directory: str
    names: Names

    def follow(self) -> None:
        """Add the entry to each child, once the program spawns children."""
        after_import(_SPAWN, self._tell)

    def _tell(self, spawn: ModuleType) -> None:
        prepared: Callable[..., dict[str, Any]] = vars(spawn)["get_preparation_data"]
        entry = _Entry(pickle.dumps(self))

        @functools.wraps(prepared)
        def get_preparation_data(*args: Any, **kwargs: Any) -> dict[str, Any]:
            return {**prepared(*args, **kwargs), "obsv": entry}

        vars(spawn)["get_preparation_data"] = get_preparation_data

    def begin(self, loaded: Collection[str]) -> None:
        """Start recording in this process, a child that is being prepared.

        Args:
            loaded: names of the modules that were loaded before obsv.
        """
        load_pipeline(self.directory)
        stand_in()
        follow_threads()
        self.finder.install()
        give_way(self.directory, loaded)
        double_recursion_limit()
        self.follow()
        if self.main_options is not None:
            self._record_main(self.main_options)

    def _record_main(self, options: Options) -> None:
        # Called by `runpy` for the code of a script; None means to compile its source.
        read_code: Callable[[Any], CodeType | None] = pkgutil.read_code

        @functools.wraps(read_code)
        def read_marked(stream: Any) -> CodeType | None:
            code = read_code(stream)
            if code is None and getattr(stream, "name", None) == self.script:
                with contextlib.suppress(Exception):  # whoever compiles the source reports its errors
                    stream.seek(0)
                    return code_of(stream.read(), stream.name, "__main__", options, self.names)
            return code

        vars(pkgutil)["read_code"] = read_marked


class _Entry:
    """The entry that a child unpickles, made of builtins only so that any child can unpickle it."""

    def __init__(self, children: bytes) -> None:
        self._children = children

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (_BEGIN, {"children": self._children})


def double_recursion_limit() -> None:
    """Double the recursion limit if a recorded call takes two frames, to keep the depth that a program can reach."""
    if not IS_POSSIBLE:
        sys.setrecursionlimit(2 * sys.getrecursionlimit())
