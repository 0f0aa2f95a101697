"""A lock on an open file that the system drops when its owner dies."""

import sys
from typing import IO

if sys.platform == "win32":
    import msvcrt

    # Windows locks ranges of bytes and forbids reading them; one byte far behind the data hinders nobody.
    _BYTE = 0x7FFF_0000

    def try_lock(file: IO[bytes]) -> bool:
        """Lock an open file for this process; False if another process has it."""
        position = file.tell()
        file.seek(_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            file.seek(position)
        return True

else:
    import fcntl

    def try_lock(file: IO[bytes]) -> bool:
        """Lock an open file for this process; False if another process has it.

        A file system without locks (some network shares) answers True: its files are then told apart by their
        process id only.
        """
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True
