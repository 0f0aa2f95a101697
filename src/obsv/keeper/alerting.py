"""Evaluation of alert rules in a keeper process, while a program records and no server runs.

It never happens in a thread of a recorded program. The evaluating modules are loaded only if there is a rules file:
they take 10 MB.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from obsv.keeper.options import Options
from obsv.own_time import unix_ns
from obsv.rules_place import find_file

if TYPE_CHECKING:
    from obsv.alerts.watch import Watch

_LOOK_S = 5.0
_STOP_S = 6.0


class Alerting:
    """A thread that waits for a rules file, then evaluates it.

    Args:
        db: path of the database.
        options: options of the keeper.
    """

    def __init__(self, db: Path, options: Options) -> None:
        self._db = db
        self._named = Path(options.alerts) if options.alerts else None
        self._directory = Path(options.directory)
        # The program that started this keeper may fail long before it runs.
        self._began_ns = options.began_ns or unix_ns()
        self._stopping = threading.Event()
        self._watch: Watch | None = None
        self._thread = threading.Thread(target=self._run, name="obsv-keeper-alerts", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; unsent messages wait for the next evaluator."""
        self._stopping.set()
        self._thread.join(_STOP_S)
        if self._watch is not None:
            self._watch.stop()

    def _run(self) -> None:
        while self._find() is None:
            if self._stopping.wait(_LOOK_S):
                return
        from obsv.alerts.watch import Watch
        from obsv.keeper.lagging import ring_state

        self._watch = Watch(
            self._db,
            find=self._find,
            look_at_rings=lambda now_ns: ring_state(self._db, now_ns),
            since_ns=self._began_ns,
        )
        self._watch.start()

    def _find(self) -> Path | None:
        return find_file(self._db, self._named, directory=self._directory)
