"""What the draining thread counts."""

from typing import Any


class Counters:
    """Counts kept by the thread that drains the buffer; all others are read where they arise. Times are in seconds."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin at nothing."""
        self.exported = 0
        self.replayed = 0
        self.dropped = 0
        self.rejected = 0
        self.failed_batches = 0
        self.batch_size = 0
        self.batch_time_s = 0.0
        self.writer_lag_s = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Names and values for `obsv.stats()`, times in milliseconds."""
        return {
            "exported": self.exported,
            "replayed": self.replayed,
            "rejected": self.rejected,
            "failed_batches": self.failed_batches,
            "batch_size": self.batch_size,
            "batch_time_ms": round(self.batch_time_s * 1e3, 3),
            "writer_lag_ms": round(self.writer_lag_s * 1e3, 3),
        }
