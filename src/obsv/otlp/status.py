"""Answers in the request's encoding: partial successes and `google.rpc.Status`."""

import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.rpc.error_details_pb2 import BadRequest as BadRequestDetail
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from obsv.otlp.failures import answer_to, message_of
from obsv.wire.errors import BadRequest

PROTOBUF, JSON = "application/x-protobuf", "application/json"
# Header of a request of obsv that asks whether the receiver is obsv, and of the answer.
GREETING = "obsv-greeting"
# A response may have 4 MiB; nobody reads more than this.
MESSAGE_CHARS = 2_000


def status_of(error: BaseException) -> Status:
    """Return the `google.rpc.Status` of an error, with `RetryInfo` if retrying makes sense."""
    answer = answer_to(error)
    status = Status(code=answer.grpc, message=message_of(error)[:MESSAGE_CHARS])
    if answer.retry_after_s is not None:
        retry = RetryInfo()
        retry.retry_delay.seconds = answer.retry_after_s
        status.details.add().Pack(retry)
    if isinstance(error, BadRequest):
        status.details.add().Pack(
            BadRequestDetail(field_violations=[BadRequestDetail.FieldViolation(description=status.message)])
        )
    return status


def error_body(error: BaseException, content_type: str) -> bytes:
    """Return the body of an error over HTTP."""
    status = status_of(error)
    return status.SerializeToString() if content_type == PROTOBUF else _json(MessageToDict(status))


def refused_body(unit: str, rejected: int, message: str) -> bytes:
    """Return a partial success in JSON; `unit` as in `rejectedSpans`."""
    return _json({"partialSuccess": {f"rejected{unit}": str(rejected), "errorMessage": message[:MESSAGE_CHARS]}})


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
