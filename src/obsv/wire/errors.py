"""What cannot be decoded at all."""

from obsv.errors import ObsvError


class BadRequest(ObsvError):
    """The body is no OTLP request; sending it again would fail again."""
