"""The span of a decision: a call of a function that there is one of for each kind."""

from __future__ import annotations

from obsv.capture import Redactor
from obsv.instrument.options import Options
from obsv.instrument.parameters import Parameters
from obsv.instrument.recorder import Recorder
from obsv.trace.function import Function

GROUP = "decision"
_NAMES = ("subject", "mode")
_PARAMETERS = Parameters(_NAMES, len(_NAMES), 0, None, None, _NAMES)
_MOST_KINDS = 1_000
_NAME_CHARS = 200
_recorders: dict[str, Recorder] = {}


def recorder_of(kind: str) -> Recorder:
    """Return what records the spans of a kind of decision, whose process is `decision.<kind>`."""
    found = _recorders.get(kind)
    if found is None:
        if len(_recorders) >= _MOST_KINDS:
            _recorders.clear()
        name = f"{GROUP}.{kind}"[:_NAME_CHARS]
        function = Function(name, GROUP, _NAMES, False, "verdict", lambda: None, None, 1_000, Redactor())
        found = _recorders[kind] = Recorder(function, Options(), _PARAMETERS, output="verdict")
    return found
