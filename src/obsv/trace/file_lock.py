"""A lock on an open file that the system drops when its owner dies."""

import os
import re
import sys
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    # Windows locks ranges of bytes and forbids reading them; one byte far behind the data hinders nobody.
    _BYTE = 0x7FFF_0000

    def try_lock(file: IO[bytes], path: Path) -> bool:
        """Lock an open file for this process; False if another process has it."""
        file.seek(_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_lock(file: IO[bytes], path: Path) -> bool:
        """Lock an open file for this process; False if another process has it.

        On a file system without locks the process id in the file's name decides, so that a file may wait until its
        owner's process id is free again.
        """
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return not _owner_lives(path)
        return True


def _owner_lives(path: Path) -> bool:
    found = re.search(r"\.(\d+)-[0-9a-f]+-", path.name)
    if found is None:
        return False
    try:
        os.kill(int(found[1]), 0)
    except ProcessLookupError:
        return False
    except OSError:  # it lives, and is another user's
        return True
    return True
