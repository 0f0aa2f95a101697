"""Values of a call, limited and redacted: a snapshot at call time, its text later."""

from obsv.capture.exact import EXACT, tells_all
from obsv.capture.frozen import INT_BITS, MASKED, Frozen
from obsv.capture.interrupts import is_from_signal
from obsv.capture.limits import Limits
from obsv.capture.render import render
from obsv.capture.secrets.mask import MASK
from obsv.capture.secrets.redact import DEFAULT_SENSITIVE_FIELDS, SHORTEST, Redactor
from obsv.capture.serializers import Serializer, Snapshot
from obsv.capture.snapshot import make_snapshot, snapshot

__all__ = [
    "DEFAULT_SENSITIVE_FIELDS",
    "EXACT",
    "INT_BITS",
    "MASK",
    "MASKED",
    "SHORTEST",
    "Frozen",
    "Limits",
    "Redactor",
    "Serializer",
    "Snapshot",
    "is_from_signal",
    "make_snapshot",
    "render",
    "snapshot",
    "tells_all",
]
