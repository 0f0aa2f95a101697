"""See what a Python program did: every call, what went in, what came out, how long it took, and why it failed."""

from obsv.instrument.monitor import monitor

__all__ = ["monitor"]
