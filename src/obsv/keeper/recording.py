"""Reading of one ring for the store: the position, and the calls that have not ended there."""

from __future__ import annotations

import contextlib
import itertools
import logging
from collections.abc import Iterator

from obsv.keeper.call_rows import CallRows, Plan, Unreadable
from obsv.keeper.ending import Ending
from obsv.keeper.running import Running, resume
from obsv.keeper.tables import Tables, Undefined
from obsv.own_time import unix_ns
from obsv.record.lane_reader import LaneReader, Piece
from obsv.record.layout import (
    BEGIN,
    BEGIN_HEAD,
    CALL,
    CALL_HEAD,
    END,
    END_HEAD,
    HAS_RESULT,
    IS_ELSEWHERE,
    LOG,
    LOG_HEAD,
    READ_BEGIN,
    READ_CALL,
    READ_END,
    SPAN,
    SPAN_HEAD,
    place,
)
from obsv.record.reader import RingReader
from obsv.semconv import SERVICE_NAME
from obsv.store.ground import ERROR, LogRow, RingProgress, SpanRow
from obsv.trace.notices import Notices

_notices = Notices()

# Bytes read at once: initially and when little arrives, because a look at an empty lane copies as much; and at most,
# for 500 calls: data in processing takes ten times the memory.
_LEAST, _MOST = 4 << 10, 128 << 10
# Ends that precede their begins, which a program rewrites when it drops old calls.
_MOST_EARLY = 10_000
_MOST_PLANS = 10_000


class Recording:
    """A ring that is being stored, or looked through.

    Args:
        name: of its directory.
        reader: of its files.
        rows: makes rows.
        stored: how far it was stored before; None begins at the beginning.

    Attributes:
        running: the calls that have begun and not ended, by span id: the fixed part of the record, the arguments.
        unreadable: records that no row could be made of.
        latest: tick of the latest record.
        errors: failed calls among those that were stored.
        logs: log records that were read and not taken by `take_logs`.
        lag_ns: how long the call that was read last had waited since its end.
        exhausted: ways to take from a lane that found nothing after the end of the process.
        seen_ns: when its process was last seen alive, as Unix time; 0 never.
    """

    def __init__(self, name: str, reader: RingReader, rows: CallRows, stored: RingProgress | None = None) -> None:
        self.name, self.reader, self._rows = name, reader, rows
        self.tables = Tables(reader.names)
        self.running: Running = {}
        self._early: dict[bytes, bytes] = {}
        self.logs: list[LogRow] = []
        self.stored, self.unreadable, self.latest = 0, 0, 0
        self.errors, self.lag_ns, self._bytes_read, self.seen_ns = 0, 0, 0, 0
        # For calls without and with a result, by the numbers in their BEGIN.
        self._plans: tuple[dict[bytes, Plan], dict[bytes, Plan]] = ({}, {})
        self.exhausted: set[object] = set()
        self._is_drained = True
        self._limits = {id(reader.calls): _LEAST, id(reader.errors): _LEAST}
        # The segment of the calls when the open ones were last stored.
        self._open_in = 1
        if stored is not None:
            self.stored, self.unreadable = stored.stored, stored.unreadable
            reader.errors.go_to(stored.errors)
            self._open_in = resume(reader.calls, stored, self.running)

    @property
    def pid(self) -> int:
        """Return the ID of the recording process."""
        return self.reader.about.pid

    @property
    def service(self) -> str:
        """Return its service.name."""
        try:
            return str(self.tables.origin(1).resource.attributes.get(SERVICE_NAME, "unknown_service"))
        except Undefined:
            return "unknown_service"

    def oldest(self, most: int) -> list[tuple[str, int]]:
        """Return name and start, as Unix time, of the longest-running calls."""
        found = []
        for head, _ in itertools.islice(self.running.values(), most):
            begin = READ_BEGIN.unpack(head)
            with contextlib.suppress(Undefined):
                found.append((self.tables.function(begin[10]).name, begin[9] + self.reader.about.offset))
        return found

    @property
    def waiting(self) -> int:
        """Return the approximate number of calls not read yet, from the bytes of others."""
        if self._is_drained:
            return 0
        return round(self.reader.calls.unread_bytes() * self.stored / max(1, self._bytes_read))

    @property
    def waiting_bytes(self) -> int:
        """Return the bytes of records not read yet."""
        return 0 if self._is_drained else self.reader.calls.unread_bytes() + self.reader.errors.unread_bytes()

    @property
    def progress(self) -> RingProgress:
        """Return its read position; with the open calls if a segment has been left."""
        calls, errors = self.reader.calls.position, self.reader.errors.position
        open_at = open_ = None
        if place(calls)[0] != self._open_in:
            open_at, open_ = calls, b"".join([head + inputs for head, inputs in self.running.values()])
        return RingProgress(self.name, calls, errors, self.stored, self.unreadable, open_at, open_)

    def committed(self, progress: RingProgress, *, is_alive: bool) -> None:
        """Return stored segments, and notify the program.

        Args:
            progress: the position stored last.
            is_alive: whether the program may still write.
        """
        about = self.reader.about
        about.stored, about.unreadable = progress.stored, progress.unreadable
        about.calls_position, about.errors_position = progress.calls, progress.errors
        self.reader.errors.give_back(progress.errors, is_alive=is_alive)
        if progress.open_at is not None:
            self._open_in = place(progress.open_at)[0]
            self.reader.calls.give_back(progress.open_at, is_alive=is_alive)

    def has_errors(self) -> bool:
        """Return whether there is an error that was not read."""
        return self.reader.errors.has_more()

    def take_errors(self, *, is_final: bool) -> list[SpanRow] | None:
        """Return the rows of the next errors; None if there are none.

        Args:
            is_final: whether the program writes no more.
        """
        return self._take(self.reader.errors, is_final=is_final)

    def take_calls(self, *, is_final: bool) -> list[SpanRow] | None:
        """Return the rows of the calls that have ended in the next piece; None if there is none."""
        return self._take(self.reader.calls, is_final=is_final)

    def take_logs(self) -> list[LogRow]:
        """Return the log records that were read with the rows taken last."""
        logs, self.logs = self.logs, []
        return logs

    def interrupted(self, ending: Ending) -> list[SpanRow]:
        """Return the rows of the calls interrupted by the end of the process, and remove them from the running ones."""
        offset, rows = self.reader.about.offset, []
        for head, inputs in self.running.values():
            begin = READ_BEGIN.unpack(head)
            try:
                rows.append(self._rows.open(self.tables, offset, begin, inputs, ending.at_ns, ending.story))
            except Unreadable:
                self.unreadable += 1
        self.stored += len(rows)
        self.unreadable += len(self._early)
        self.running.clear()
        self._early.clear()
        return rows

    def close(self) -> None:
        """Close its files."""
        self.reader.close()

    # -- records to rows -----------------------------------------------------------------------------------------------

    def _take(self, lane: LaneReader, *, is_final: bool) -> list[SpanRow] | None:
        limit = self._limits[id(lane)]
        piece = lane.read(is_final=is_final, limit=limit)
        self._is_drained = piece is None
        if piece is None:
            self._limits[id(lane)] = _LEAST
            return None
        if len(piece.data) >= limit:
            self._limits[id(lane)] = min(_MOST, 8 * limit)
        rows = list(self._rows_of(piece))
        self._note_latest(piece)
        self._bytes_read += len(piece.data)
        self.stored += len(rows) + len(self.logs)
        if rows:
            self.errors += sum([row.status == ERROR for row in rows])
            self.lag_ns = max(0, unix_ns() - rows[-1].start_ns - rows[-1].duration_ns)
        return rows

    def _rows_of(self, piece: Piece) -> Iterator[SpanRow]:
        data, running, rows, tables = piece.data, self.running, self._rows, self.tables
        offset, plans = self.reader.about.offset, self._plans
        for kind, start, stop in piece.records:
            try:
                if kind == BEGIN:
                    at, span_id = start + BEGIN_HEAD.size, data[start + 32 : start + 40]
                    running[span_id] = data[start:at], data[at:stop]
                    if self._early and span_id in self._early:
                        yield self._ended(self._early.pop(span_id))
                elif kind == END:
                    _, _, _, status, parts, _, delay, span_id, end = READ_END.unpack_from(data, start)
                    begun = running.pop(span_id, None)
                    if parts & IS_ELSEWHERE:
                        continue
                    if begun is None:
                        self._wait_for_begin(span_id, data[start:stop])
                        continue
                    head, inputs = begun
                    packed = data[start + END_HEAD.size : stop]
                    if parts > HAS_RESULT:
                        yield rows.ended(tables, offset, head, inputs, status, parts, delay, end, packed)
                        continue
                    # Origin, function, caller, thread.
                    key = head[10:12] + head[56:68]
                    plan = plans[parts].get(key) or self._plan(parts, key, head)
                    if plan.function.has_keywords:
                        yield rows.ended(tables, offset, head, inputs, status, parts, delay, end, packed)
                    else:
                        yield rows.usual(plan, offset, head, inputs, status, delay, end, packed if parts else None)
                elif kind == CALL:
                    call = READ_CALL.unpack_from(data, start)
                    begin = data[start : start + BEGIN_HEAD.size]
                    yield rows.whole(tables, offset, call, begin, data[start + CALL_HEAD.size : stop])
                elif kind == SPAN:
                    origin = SPAN_HEAD.unpack_from(data, start)[5]
                    yield rows.foreign(tables, origin, data[start + SPAN_HEAD.size : stop])
                elif kind == LOG:
                    self.logs.append(rows.log(tables, data[start:stop]))
                else:
                    raise Unreadable("damaged")
            except Unreadable:
                self.unreadable += 1
            except Exception:  # our own bug: it costs one call, not all that follow
                self.unreadable += 1
                _notices.once("record", logging.ERROR, "A record could not be read.", exc_info=True)

    def _note_latest(self, piece: Piece) -> None:
        """Remember when the last record was written: the process was alive then."""
        kind, start, _ = piece.records[-1]
        if kind == BEGIN:
            self.latest = max(self.latest, READ_BEGIN.unpack_from(piece.data, start)[9])
        elif kind == END:
            self.latest = max(self.latest, READ_END.unpack_from(piece.data, start)[8])
        elif kind == CALL:
            self.latest = max(self.latest, READ_CALL.unpack_from(piece.data, start)[14])
        elif kind == LOG:
            self.latest = max(self.latest, LOG_HEAD.unpack_from(piece.data, start)[6] - self.reader.about.offset)

    def _wait_for_begin(self, span_id: bytes, record: bytes) -> None:
        if len(self._early) >= _MOST_EARLY:
            self._early.pop(next(iter(self._early)))
            self.unreadable += 1
        self._early[span_id] = record

    def _ended(self, record: bytes) -> SpanRow:
        _, _, _, status, parts, _, delay, span_id, end = READ_END.unpack_from(record)
        head, inputs = self.running.pop(span_id)
        offset, packed = self.reader.about.offset, record[END_HEAD.size :]
        return self._rows.ended(self.tables, offset, head, inputs, status, parts, delay, end, packed)

    def _plan(self, parts: int, key: bytes, head: bytes) -> Plan:
        """Create the plan for calls with these numbers."""
        plans = self._plans[parts]
        if len(plans) >= _MOST_PLANS:
            plans.clear()
        plan = plans[key] = self._rows.plan(self.tables, head, has_result=bool(parts))
        return plan
