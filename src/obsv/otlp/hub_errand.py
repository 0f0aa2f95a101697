"""Sending to a hub, as a child process of a keeper or a server: until the hub that programs wish is another one."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from obsv.errors import ObsvError
from obsv.keeper.files import KeeperFiles
from obsv.keeper.wishes import read_wishes
from obsv.otlp.follow import following

_LOOK_S = 0.5


def main(db: str) -> int:
    """Send until there is another hub; return the exit status."""
    files = KeeperFiles.of(db)
    hub = read_wishes(files).get("hub")
    if not isinstance(hub, str):
        return 0

    def wait(seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while read_wishes(files).get("hub") == hub:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return False
            time.sleep(min(left_s, _LOOK_S))
        return True

    def troubled(reason: str | None) -> None:
        said = "The hub accepts calls again." if reason is None else f"Calls wait in the database: {reason}"
        print(said, file=sys.stderr, flush=True)

    try:
        with following(Path(files.db), hub, os.environ, wait, troubled) as follower:
            follower.run()
    except ObsvError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
