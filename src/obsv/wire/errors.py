"""What can be wrong with a request, whatever way it came."""

from obsv.errors import ObsvError


class BadRequest(ObsvError):
    """The body is not what its sender says it is: sending it again makes no sense."""


class TooLarge(ObsvError):
    """The body has more bytes or more parts than are read from one request."""
