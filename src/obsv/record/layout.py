"""The recorder's files to the byte, as specified in docs/recorder.md: constants, and one `Struct` per kind of record.

Records are big-endian, so that a slice of one is the stored ID. Data that two processes access at the same time
(`about`, headers of segments) is in the machine's order, so that each number is read and written in one step.
"""

import zlib
from struct import Struct
from typing import NamedTuple

VERSION = 1

# -- names -------------------------------------------------------------------------------------------------------------

DIRECTORY_SUFFIX = ".rings"
ABOUT, NAMES = "about", "names"
CALLS, ERRORS = "calls", "errors"
# Suffixes of `calls.<n>`: claimed by a reader; returned; dropped by its program.
READ, FREE, DROPPED = ".read", ".free", ".dropped"
NEW_PREFIX = ".new-"

# -- limits ------------------------------------------------------------------------------------------------------------

PAGE = 4_096
SEGMENT_HEADER = 64
CALLS_BYTES = 2 << 20
ERRORS_BYTES = 256 << 10
MAX_RECORD = 64 << 20
MAX_SEGMENT = MAX_RECORD + PAGE
MAX_NAMES = 64 << 20
# Returned segments that wait beside the program's active one.
MAX_FREE = 4
MAX_NESTING = 100

# -- about: offsets of eight bytes each --------------------------------------------------------------------------------

ABOUT_MAGIC = b"OBSVRING"
AT_MAGIC, AT_VERSION, AT_PID, AT_PROCESS_START, AT_BOOT_ID, AT_CREATED = 0, 8, 16, 24, 32, 48
AT_OFFSET, AT_DROPPED, AT_CLOSED, AT_ERRORS_WAITING = 56, 64, 72, 80
AT_CHOSEN, AT_MAX_AGE, AT_MAX_BYTES = 88, 96, 104
AT_KEEPER_PID, AT_KEEPER_BEAT, AT_KEEPER_SLEEPS = 2048, 2056, 2064
AT_CALLS_POSITION, AT_ERRORS_POSITION, AT_STORED, AT_UNREADABLE = 2072, 2080, 2088, 2096
AT_LOST = 2104
AT_COMPLAINT, COMPLAINT_BYTES = 3072, 1024

# -- segments ----------------------------------------------------------------------------------------------------------

SEGMENT_MAGIC = b"OBSVSEGM"
AT_NUMBER, AT_SEALED = 8, 16

# -- records -----------------------------------------------------------------------------------------------------------

BEGIN, END, CALL, SPAN, DEFINE, LOG = 1, 2, 3, 4, 5, 6
# Tables of DEFINE.
FUNCTIONS, THREADS, ORIGINS, FOREIGN_ORIGINS = 1, 2, 3, 4
# Parts of an END.
HAS_RESULT, HAS_DETAILS, IS_ELSEWHERE = 1, 2, 4

# size, checksum, kind: the beginning of all records
HEAD = Struct(">IIB")
# size, checksum, kind, trace flags, origin, depth, trace ID (two halves), span ID, parent ID, start, function, caller,
# thread, 0
BEGIN_HEAD = Struct(">IIBBHIQQQQqIIII")
# size, checksum, kind, status, parts, 0, delay, span ID, end
END_HEAD = Struct(">IIBBBBIQq")
# As BEGIN with the status in place of the 0, then the end.
CALL_HEAD = Struct(">IIBBHIQQQQqIIIIq")
# size, checksum, kind, status, 0, foreign origin
SPAN_HEAD = Struct(">IIBBHI")
# size, check, kind, SeverityNumber, 0, foreign origin, Unix time
LOG_HEAD = Struct(">IIBBHIq")
# size, checksum, kind, table, 0, number
DEFINE_HEAD = Struct(">IIBBHI")

# The same for readers, with IDs as bytes.
READ_BEGIN = Struct(">IIBBHI16s8s8sqIIII")
READ_END = Struct(">IIBBBBI8sq")
READ_CALL = Struct(">IIBBHI16s8s8sqIIIIq")

HEAD_SIZES = {
    BEGIN: BEGIN_HEAD.size,
    END: END_HEAD.size,
    CALL: CALL_HEAD.size,
    SPAN: SPAN_HEAD.size,
    DEFINE: DEFINE_HEAD.size,
    LOG: LOG_HEAD.size,
}

MASK_64 = 0xFFFF_FFFF_FFFF_FFFF

check_of = zlib.adler32


class Begin(NamedTuple):
    """A call that has begun."""

    flags: int
    origin: int
    depth: int
    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    start: int
    function: int
    caller: int
    thread: int
    inputs: bytes


class End(NamedTuple):
    """The end of a call; `values` are still packed, see `parts`."""

    status: int
    parts: int
    delay: int
    span_id: bytes
    end: int
    values: bytes


class Call(NamedTuple):
    """A complete call; `values` are `(arguments, results, failure, details)`, still packed."""

    begin: Begin
    status: int
    end: int
    values: bytes


class ForeignSpan(NamedTuple):
    """A span of other instrumentation, still packed."""

    status: int
    origin: int
    values: bytes


class Define(NamedTuple):
    """A definition, still packed."""

    table: int
    number: int
    values: bytes


def position(segment: int, offset: int) -> int:
    """Return the position in a lane as one number that only grows."""
    return segment << 32 | offset


def place(position: int) -> tuple[int, int]:
    """Return segment and offset of a position."""
    return position >> 32, position & 0xFFFF_FFFF
