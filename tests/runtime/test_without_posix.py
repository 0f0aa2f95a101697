"""A system without POSIX users, signals, file locks and FIFOs, as Windows is: calls are stored by a thread."""

from tests.runtime.conftest import Program

WITHOUT = """
import os, select, sys

for name in (
    "geteuid getuid getgid getegid mkfifo pwrite pread posix_fallocate posix_spawn register_at_fork pidfd_open fork "
    "O_CLOEXEC O_NOFOLLOW O_NONBLOCK O_DIRECTORY fchmod statvfs fstatvfs sched_getaffinity killpg sysconf"
).split():
    if hasattr(os, name):
        delattr(os, name)
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None

def kill(pid, signal):
    os._exit(77)  # there any signal ends the process, 0 as well

os.kill = kill
import obsv
from obsv.keeper import doorbell

del doorbell._select.poll

@obsv.monitor
def work(number):
    if number == 7:
        raise ValueError(number)
    return number

for number in range(100):
    try:
        work(number)
    except ValueError:
        pass
assert obsv.force_flush(60)
"""


def test_a_thread_stores_what_waits_in_memory(program: Program) -> None:
    """One line says so; nothing is lost."""
    done = program.run(WITHOUT)
    assert [line.partition(",")[0] for line in done.stderr.splitlines()] == [
        "Calls wait in memory until a thread of this program has stored them"
    ]
    assert program.query_now("select count(*), sum(status = 'ERR') from process_trace") == [(100, 1)]
