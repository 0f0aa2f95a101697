"""Programs in a sandbox, as containers and service managers have them: no process can be started."""

import platform
import sys

import pytest

from tests.runtime.conftest import Program

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="the filter is one of Linux's calls on x86-64"
)

# A filter of system calls (seccomp): `forbidden` fail with EPERM; clone only where no thread is made, and clone3, whose
# flags no filter can read, as if the system did not know it.
FILTERED = """
import ctypes, struct

def forbid(*forbidden, processes):
    load, equal, any_of, answer = 0x20, 0x15, 0x45, 0x06
    allow, refuse, unknown = 0x7FFF0000, 0x00050001, 0x00050026
    steps = [(load, 0, 0, 0)]
    for number in forbidden:
        steps += [(equal, 0, 1, number), (answer, 0, 0, refuse)]
    if processes:
        steps += [(equal, 0, 1, 435), (answer, 0, 0, unknown)]
        steps += [(equal, 0, 3, 56), (load, 0, 0, 16), (any_of, 1, 0, 0x10000), (answer, 0, 0, refuse)]
    steps += [(answer, 0, 0, allow)]
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    kept = ctypes.create_string_buffer(code)
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(kept)))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, program, 0, 0) == 0, ctypes.get_errno()
"""
STORY = """
import os, obsv

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
print(obsv.stats()["keeper"] == os.getpid())
"""


@pytest.mark.parametrize(
    ("filter_", "reason"),
    [
        ("forbid(57, 58, processes=True)", "the system cannot start a process (Operation not permitted)"),
        ("forbid(59, 322, processes=False)", "the system cannot start a process (Operation not permitted)"),
    ],
    ids=["no process at all", "no other program"],
)
def test_a_thread_stores_where_no_process_can_be_started(program: Program, filter_: str, reason: str) -> None:
    """One line says so; nothing is lost."""
    done = program.run(f"{FILTERED}\n{filter_}\n{STORY}")
    assert done.stdout.split() == ["True"]
    assert done.stderr.splitlines() == [
        f"A thread of this program stores its calls, because no keeper process can: {reason}."
    ]
    assert program.query("select count(*), sum(status = 'ERR') from process_trace") == [(100, 1)]


def test_nothing_is_stored_by_a_program_that_wants_a_process(program: Program) -> None:
    """The line says what to do; what was recorded waits for a keeper."""
    story = STORY.replace("assert obsv.force_flush(60)\n", "")
    done = program.run(f"{FILTERED}\nforbid(57, 58, processes=True)\n{story}", OBSV_WRITER="process")
    assert done.stdout.split() == ["False"]
    said, left = done.stderr.splitlines()
    assert said.startswith("Calls are recorded but not stored: the system cannot start a process")
    assert "obsv keeper" in said
    assert "100 calls are not stored yet" in left
