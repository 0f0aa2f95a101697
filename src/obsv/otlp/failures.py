"""Errors of a request, and one table of their meaning for a sender, over HTTP and over gRPC.

Senders retry 429, 502, 503 and 504, and UNAVAILABLE; for any other response they drop the batch. Therefore temporary
problems (a full queue, a locked database) are 503 and UNAVAILABLE with a retry delay, never 500.
"""

from typing import NamedTuple

from obsv.errors import ForeignFile, NewerSchema, ObsvError, StoreError
from obsv.wire.errors import BadRequest, TooLarge


class Unsupported(ObsvError):
    """A content type or content encoding that is not supported."""


class Overloaded(ObsvError):
    """More requests wait to be stored than the memory limit allows."""


class Limited(ObsvError):
    """A sender has used its limits.

    Args:
        message: which limit.
        retry_after_s: seconds until it may send again.
    """

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unauthorized(ObsvError):
    """The token is missing or wrong."""


class UsersUnreadable(ObsvError):
    """The file that names the senders is invalid; the sender may be in it."""


class TooManyGuesses(ObsvError):
    """The token was wrong too often."""


class Forbidden(ObsvError):
    """A page of an origin that is not allowed, or a host name that is not this server's."""


class WrongPlace(ObsvError):
    """Nothing is served under this path."""


class WrongMethod(ObsvError):
    """Another method than POST."""


class Answer(NamedTuple):
    """The meaning of an error for a sender.

    Args:
        http: HTTP status.
        grpc: number of the gRPC status code, `google.rpc.Code`.
        retry_after_s: retry delay in seconds; None if retrying is useless.
    """

    http: int
    grpc: int
    retry_after_s: int | None = None


ANSWERS: dict[type[Exception], Answer] = {
    BadRequest: Answer(400, 3),
    Unauthorized: Answer(401, 16),
    Forbidden: Answer(403, 7),
    WrongPlace: Answer(404, 12),
    WrongMethod: Answer(405, 12),
    TooLarge: Answer(413, 8),
    TooManyGuesses: Answer(429, 8),
    Unsupported: Answer(415, 3),
    Overloaded: Answer(503, 14, 1),
    # Not 429, for which older SDKs of Python drop the batch. Over gRPC all of them wait as RetryInfo says.
    Limited: Answer(503, 8, 1),
    # A mistake in the file must not make senders drop what they have.
    UsersUnreadable: Answer(503, 14, 10),
    StoreError: Answer(503, 14, 5),
    # Retrying would not turn it into a store.
    ForeignFile: Answer(500, 9),
    NewerSchema: Answer(500, 9),
}
INTERNAL = Answer(500, 13)


def answer_to(error: BaseException) -> Answer:
    """Return the entry of the nearest class; INTERNAL for unexpected errors."""
    for kind in type(error).__mro__:
        if kind in ANSWERS:
            found = ANSWERS[kind]
            return found._replace(retry_after_s=error.retry_after_s) if isinstance(error, Limited) else found
    return INTERNAL


def message_of(error: BaseException) -> str:
    """Return the message for the sender: our own errors say what to do, others only that there was one."""
    return str(error) if isinstance(error, ObsvError) else "The server failed on this request; see its log."
