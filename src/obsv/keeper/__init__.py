"""The keeper of a database: one process (or thread) that stores what recording programs wrote into their rings.

A recording program uses four functions. None of them raises (but for the exception of a signal handler that runs
meanwhile), waits for a lock or opens the database:

- `ensure(db, options) -> Kept`: see that somebody keeps the database. At the start, after the ring has been made; again
  about once a second while calls are recorded, and at the end of the program. It replaces a keeper that died, and asks
  one of an older version to leave. 20 µs where the database is kept; starting a process takes 10 ms, once. Where no
  process can be started, or `Options.writer` says so, a thread of this program is the keeper from then on.
- `leave(timeout_s)`: at the end of the program, after the ring's `about` says that it is closed. A keeper's thread of
  this process stores what is there and ends; a process is not touched. False where time ran out.
- `keep_in_memory(db, options, ring)`: where there can be no files, a thread of this program stores the ring that
  stands in its memory.
- `wake(db)`: end the keeper's wait. Who has recorded an error calls it where `about` says that the keeper sleeps.

Whoever reads the database asks `obsv.keeper.looking`: `pending(db)`, how many calls are still to come, and
`running(db)`, the calls that run now.

What was committed stands in each ring's `about`, so `force_flush` looks at its own mapping and nowhere else. A program
that waits for more than a moment calls `ensure` and `wake` first.

`<db>.rings/keeper.bell` is a FIFO: whoever rings it opens it once with `O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW`,
writes one byte and ignores every error. (Not a socket: its path may have 107 characters; not `O_WRONLY`: a keeper
that has died would cost the program a SIGPIPE.) `db` is taken by its real path, so two names of one database have one
directory of rings and one keeper.
"""

from obsv.keeper.options import Kept, Options, WriterMode
from obsv.keeper.presence import ensure, keep_in_memory, leave, wake

__all__ = ["Kept", "Options", "WriterMode", "ensure", "keep_in_memory", "leave", "wake"]
