"""OTLP on the wire to rows and back: what receivers, the query APIs and the command line share."""

from obsv.wire.errors import BadRequest
from obsv.wire.jsonform import decode_json
from obsv.wire.limits import DEFAULT_LIMITS, Limits
from obsv.wire.protobuf import decode_protobuf
from obsv.wire.rowmaker import Decoded, RowMaker

__all__ = [
    "DEFAULT_LIMITS",
    "BadRequest",
    "Decoded",
    "Limits",
    "RowMaker",
    "decode_json",
    "decode_protobuf",
]
