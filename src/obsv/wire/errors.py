"""Errors of a request, in any encoding."""

from obsv.errors import ObsvError


class BadRequest(ObsvError):
    """The body is not what its sender claims: sending it again is useless."""


class TooLarge(ObsvError):
    """The body has more bytes or more parts than allowed in one request."""
