"""See what a Python program did: every call, its inputs and results, how long it took, and why it failed."""

from typing import TYPE_CHECKING, Any

from obsv.instrument.monitor import monitor
from obsv.runtime import configure, force_flush, shutdown, stats
from obsv.semconv import VERSION as __version__

if TYPE_CHECKING:
    from obsv.decisions import counterfactual, decide, load_gates, outcome
    from obsv.events import event
    from obsv.events.schema import Event
    from obsv.instrument.importing.module import auto_instrument_module
    from obsv.registry import register

__all__ = [
    "Event",
    "__version__",
    "auto_instrument_module",
    "configure",
    "counterfactual",
    "decide",
    "event",
    "force_flush",
    "load_gates",
    "monitor",
    "outcome",
    "register",
    "shutdown",
    "stats",
]


def __getattr__(name: str) -> Any:
    """Load rarely used names on first access (PEP 562): they take as long to import as everything else."""
    if name == "auto_instrument_module":
        from obsv.instrument.importing.module import auto_instrument_module

        return auto_instrument_module
    if name == "event":
        from obsv.events import event

        globals()[name] = event
        return event
    if name in ("counterfactual", "decide", "load_gates", "outcome"):
        from obsv import decisions

        found = globals()[name] = getattr(decisions, name)
        return found
    if name == "Event":
        from obsv.events.schema import Event

        return Event
    if name == "register":
        from obsv.registry import register

        return register
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
