"""Reports on a schedule, as a child process of a keeper or a server: makes and sends what is due."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from obsv.errors import ObsvError
from obsv.own_time import unix_ns

# Recorded programs come first.
_NICENESS = 10


def main(db: str) -> int:
    """Make what is due; return the exit status."""
    with suppress(OSError, AttributeError):
        os.nice(_NICENESS)
    from obsv.reports.making import make_due

    try:
        wrong = make_due(Path(db), unix_ns())
    except ObsvError as error:
        wrong = [str(error)]
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0
