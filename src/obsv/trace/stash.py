"""Spans put aside in the spill, and taken out again: the spill with its codec, and what can go wrong with both."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from opentelemetry.sdk.trace import ReadableSpan

from obsv.own_time import monotonic
from obsv.trace.blobs import Blob
from obsv.trace.codec import Codec, UnknownCodec
from obsv.trace.counters import Counters
from obsv.trace.notices import Notices
from obsv.trace.spill import Marks, Piece, Spill

# Spans in a record: enough to share what calls have in common, few enough to replay in small steps.
RECORD = 1_000
# After a failed write the disk is left alone for this long.
_RETRY_S = 1.0


class Stashed(NamedTuple):
    """Spans that were put aside, and where they came from."""

    spans: list[ReadableSpan]
    piece: Piece


class Stash:
    """Puts spans aside and gives them back. Never raises. Any thread may put, one takes.

    Args:
        spill: the files; None puts nothing aside.
        codec: spans to bytes and back.
        counters: `rejected` is kept here.
        notices: says what goes wrong.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        spill: Spill | None,
        codec: Codec,
        counters: Counters,
        notices: Notices,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._spill = spill
        self._codec = codec
        self._counters = counters
        self._notices = notices
        self._clock = clock
        self._retry_at = 0.0

    def after_fork(self) -> None:
        """Leave everything that was put aside to the parent."""
        self._retry_at = 0.0
        if self._spill is not None:
            self._spill.after_fork()

    # -- in ------------------------------------------------------------------------------------------------------------

    @property
    def is_usable(self) -> bool:
        """Whether there is a spill, and the disk took the last write."""
        return self._spill is not None and (self._retry_at == 0 or self._clock() >= self._retry_at)

    def retry_now(self) -> None:
        """Try the disk again at the next write, however short a while ago it failed."""
        self._retry_at = 0.0

    def encode(self, spans: Sequence[ReadableSpan]) -> Blob:
        """The bytes of spans. Spans that cannot be encoded at all are counted as rejected. For any thread."""
        payload, lost = self._codec.encode(spans)
        if lost:
            self._counters.rejected += lost
            self._notices.once(
                "codec", logging.WARNING, "%d calls have values that cannot be kept, and are lost.", lost
            )
        return Blob(payload, len(spans) - lost)

    def put(self, spans: list[ReadableSpan], *, errors: bool = False) -> list[ReadableSpan]:
        """Put spans aside.

        Returns:
            The spans again if that is impossible now.
        """
        if not spans or not self.is_usable:
            return spans
        blobs = [self.encode(spans[start : start + RECORD]) for start in range(0, len(spans), RECORD)]
        if not self._write(blobs, errors):
            return spans
        if errors:
            self._sync()
        return []

    def put_blobs(self, blobs: list[Blob]) -> bool:
        """Put encoded successes aside; False if that is impossible now."""
        return not blobs or (self.is_usable and self._write(blobs, errors=False))

    def _write(self, blobs: list[Blob], errors: bool) -> bool:
        assert self._spill is not None
        before = self._spill.dropped
        try:
            self._spill.append(blobs, errors=errors)
        except OSError as error:
            self._trouble(error)
            return False
        self._retry_at = 0.0
        self._notices.over("spill")
        if self._spill.dropped > before:
            self.say_dropped()
        return True

    def _sync(self) -> None:
        assert self._spill is not None
        try:
            self._spill.sync()
        except OSError as error:
            self._trouble(error)

    def _trouble(self, error: OSError) -> None:
        assert self._spill is not None
        self._retry_at = self._clock() + _RETRY_S
        self._notices.once(
            "spill",
            logging.WARNING,
            "Calls cannot be put aside beside %s and wait in memory; make that writable or free disk space: %s",
            self._spill.base,
            error,
        )

    def say_dropped(self) -> None:
        """Say that successes were dropped, once."""
        self._notices.once(
            "dropped",
            logging.WARNING,
            "The program makes more calls than can be stored; the oldest successful ones are dropped. "
            "Use sample_rate, monitor fewer functions, or raise spill_max_bytes. `obsv.stats()` counts them.",
        )

    # -- out -----------------------------------------------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return self._spill is None or self._spill.is_empty

    @property
    def spilled(self) -> int:
        """Spans put aside since the start."""
        return 0 if self._spill is None else self._spill.spilled

    @property
    def dropped(self) -> int:
        """Successes that were deleted for room."""
        return 0 if self._spill is None else self._spill.dropped

    def marks(self) -> Marks:
        """What waits now, for `is_past`."""
        return [] if self._spill is None else self._spill.marks()

    def is_past(self, marks: Marks) -> bool:
        """Whether all of it has been taken out."""
        return self._spill is None or self._spill.is_past(marks)

    @property
    def pending(self) -> int:
        """Spans that wait."""
        return 0 if self._spill is None else self._spill.pending

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return 0 if self._spill is None else self._spill.bytes

    def adopt(self) -> None:
        """Take over what dead processes put aside."""
        if self._spill is None:
            return
        try:
            troubles = self._spill.adopt()
        except OSError:  # no directory yet
            return
        for trouble in troubles:
            self._notices.once(f"adopt {trouble}", logging.WARNING, "%s", trouble)

    def next(self, size: int, replayed_position: Callable[[Path], int | None]) -> Stashed | None:
        """The oldest of what was put aside, errors first.

        Args:
            size: about how many spans.
            replayed_position: how far the exporter has had a file; None if it cannot say now.

        Returns:
            None if nothing waits, or nothing can be had now.
        """
        while self._spill is not None and (file := self._spill.first()) is not None:
            if not file.is_positioned:
                position = replayed_position(file.path)
                if position is None:
                    return None
                self._spill.skip_to(file, position)
            piece = self._spill.next_piece(file, size)
            if piece is None:
                if self._spill.has(file):  # somebody is writing to it
                    return None
                continue
            try:
                return Stashed(self._decode(piece), piece)
            except UnknownCodec as error:
                self._counters.rejected += piece.spans
                self._notices.once("codec", logging.WARNING, "%s: %s", file.path, error)
                self.done(piece)
        return None

    def decode(self, blob: Blob) -> list[ReadableSpan]:
        """The spans of `encode`."""
        return self._codec.decode(blob.payload)

    def _decode(self, piece: Piece) -> list[ReadableSpan]:
        return [span for payload in piece.payloads for span in self._codec.decode(payload)]

    def done(self, piece: Piece) -> bool:
        """Do not give this piece again.

        Returns:
            True if its file is gone.
        """
        assert self._spill is not None
        try:
            self._spill.exported(piece)
        except OSError as error:
            self._trouble(error)
        return not self._spill.has(piece.file)

    def close(self) -> None:
        """Leave what waits to the next process."""
        if self._spill is not None:
            self._spill.close()
