"""The keeper of a database: one process (or thread) that stores the records of recording programs.

A recording program uses four functions. None of them raises (except an exception of a signal handler that runs
meanwhile), waits for a lock or opens the database:

- `ensure(db, options) -> Kept`: make sure that the database has a keeper. Called at the start, after the ring has been
  created; then about once a second while calls are recorded, and at the end of the program. It replaces a keeper that
  died, and asks one of an older version to leave. It takes 20 µs if there is a keeper; starting a process takes 10 ms,
  once. If no process can be started, or `Options.writer` says so, a thread of this program is the keeper from then on.
- `leave(timeout_s)`: at the end of the program, after the ring's `about` says that it is closed. A keeper thread of
  this process stores what is left and ends; a keeper process is not affected. Returns False if time ran out.
- `keep_in_memory(db, options, ring)`: if files cannot be used, a thread of this program stores the ring in its memory.
- `wake(files)`: end the keeper's wait. Called after recording an error if `about` says that the keeper sleeps.

Readers of the database use `obsv.keeper.looking`: `pending(db)`, the number of calls not stored yet, and `running(db)`,
the running calls.

The committed positions are in each ring's `about`, so `force_flush` only reads its own mapping. A program that waits
for more than a moment calls `ensure` and `wake` first.

`<db>.rings/keeper.bell` is a FIFO: a program that rings it opens it once with `O_RDWR | O_NONBLOCK | O_CLOEXEC |
O_NOFOLLOW`,
writes one byte and ignores every error. (Not a socket: its path is limited to 107 characters; not `O_WRONLY`: a keeper
that has died would cost the program a SIGPIPE.) `db` is resolved to its real path, so two names of one database have
one directory of rings and one keeper.
"""

from obsv.keeper.options import Kept, Options, WriterMode
from obsv.keeper.presence import ensure, keep_in_memory, leave, wake

__all__ = ["Kept", "Options", "WriterMode", "ensure", "keep_in_memory", "leave", "wake"]
