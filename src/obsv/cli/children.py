"""Processes that a recorded program spawns with `multiprocessing`: they record as the program does.

A forked child has what its parent had. A spawned one, and one of a fork server, is a new interpreter that knows nothing
of `obsv run`. The first thing that it reads is a pickled dict of preparations: an entry that is added to it here begins
to record when it is unpickled, before the child runs the program's main module once more.
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

from obsv.cli.give_way import give_way, load_pipeline
from obsv.instrument.graft import IS_POSSIBLE
from obsv.instrument.imports import RecordingFinder, code_of
from obsv.instrument.options import Options
from obsv.instrument.selection import Names
from obsv.instrument.threads import follow_threads
from obsv.trace.provider import stand_in

_SPAWN = "multiprocessing.spawn"
# Whatever fails in it, the child starts: its environment may have no obsv.
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
    """Has the children of this process recorded, and theirs.

    Args:
        finder: records modules as they are imported.
        main_options: how calls of the main module are recorded; None if they are not.
        script: absolute path of the main module, where it is run by its path.
        directory: where the program has modules of its own, whatever obsv has loaded under their names.
        names: what is recorded of modules.
    """

    finder: RecordingFinder
    main_options: Options | None
    script: str
    directory: str
    names: Names

    def follow(self) -> None:
        """Tell each child, once the program spawns some."""
        self.finder.after_import(_SPAWN, self._tell)

    def _tell(self, spawn: ModuleType) -> None:
        prepared: Callable[..., dict[str, Any]] = vars(spawn)["get_preparation_data"]
        entry = _Entry(pickle.dumps(self))

        @functools.wraps(prepared)
        def get_preparation_data(*args: Any, **kwargs: Any) -> dict[str, Any]:
            return {**prepared(*args, **kwargs), "obsv": entry}

        vars(spawn)["get_preparation_data"] = get_preparation_data

    def begin(self, loaded: Collection[str]) -> None:
        """Record this process, a child that is about to be prepared.

        Args:
            loaded: names of the modules that it had before obsv.
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
        # What `runpy` asks for the code of a script: None means to compile its source.
        read_code: Callable[[Any], CodeType | None] = pkgutil.read_code

        @functools.wraps(read_code)
        def read_marked(stream: Any) -> CodeType | None:
            code = read_code(stream)
            if code is None and getattr(stream, "name", None) == self.script:
                with contextlib.suppress(Exception):  # what is wrong with the source is said by whoever compiles it
                    stream.seek(0)
                    return code_of(stream.read(), stream.name, "__main__", options, self.names)
            return code

        vars(pkgutil)["read_code"] = read_marked


class _Entry:
    """What a child unpickles: nothing but builtins, so that it can."""

    def __init__(self, children: bytes) -> None:
        self._children = children

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (_BEGIN, {"children": self._children})


def double_recursion_limit() -> None:
    """Where a recorded call is two frames, let what recursed as deep as it could still do so."""
    if not IS_POSSIBLE:
        sys.setrecursionlimit(2 * sys.getrecursionlimit())
