"""`obsv keeper`: store what programs record, in the foreground, for systemd or a container."""

import logging
import time
from pathlib import Path

from obsv.cli.common import FOUND_PROBLEMS, complain, say_at_once
from obsv.keeper import Options
from obsv.keeper.files import KeeperFiles
from obsv.keeper.handover import ask_to_leave
from obsv.keeper.lock import Holder, Lock, LockUnsupported
from obsv.keeper.looking import pending
from obsv.keeper.process import drain as store_what_is_there
from obsv.keeper.process import keep

# Another keeper ends within a second of being asked, after it has stored what it has read.
_HANDOVER_S = 15.0
_LOOK_S = 0.2


def keeper(db: Path, options: Options, *, drain: bool) -> int:
    """Run a keeper for a database until told to end.

    Args:
        db: path of the database; it is created when the first call arrives.
        options: settings of the keeper.
        drain: store what is left, then return.

    Returns:
        The exit code: 1 if another keeper does not give up the database.
    """
    logging.basicConfig(format="obsv: %(message)s", level=logging.INFO)
    db.parent.mkdir(parents=True, exist_ok=True)
    files = KeeperFiles.of(db)
    deadline = time.monotonic() + _HANDOVER_S
    try:
        files.make()
        if drain:
            return 0 if store_what_is_there(files, options) else _wait(db, Lock(files).holder())
        while not keep(files, options, "service"):
            holder = Lock(files).holder()
            if holder is None or holder.role not in ("process", "thread") or time.monotonic() > deadline:
                complain(f"{_who(holder)} keeps {files.db} already.")
                return FOUND_PROBLEMS
            ask_to_leave(files, holder.identity)
            time.sleep(_LOOK_S)
    except LockUnsupported as error:
        complain(f"A keeper cannot run here: {error}. Each program stores its calls itself.")
        return FOUND_PROBLEMS
    except OSError as error:
        complain(f"A keeper cannot run here: {error}.")
        return FOUND_PROBLEMS
    return 0


def _wait(db: Path, holder: Holder | None) -> int:
    """Wait until the running keeper has stored what is left."""
    waiting = pending(db)
    if waiting.calls:
        say_at_once(f"{_who(holder)} is storing them: {waiting} left.")
    while pending(db).calls:
        time.sleep(_LOOK_S)
    return 0


def _who(holder: Holder | None) -> str:
    if holder is None:
        return "Another process"
    what = {"serve": "`obsv serve`", "thread": "A recording program"}.get(holder.role, "Another keeper")
    return f"{what} (pid {holder.identity.pid})"
