"""See what a Python program did: every call, what went in, what came out, how long it took, and why it failed."""

from obsv.instrument.module import auto_instrument_module
from obsv.instrument.monitor import monitor
from obsv.runtime import configure, force_flush, shutdown, stats

__all__ = ["auto_instrument_module", "configure", "force_flush", "monitor", "shutdown", "stats"]
