"""A second reading of a protobuf request that the strict parser refused, so that a bad span affects only itself.

Protobuf's parser refuses a whole request for one text that is not UTF-8, one value nested too deeply, one damaged span.
Here a refused message is read one level at a time (`shells.py`): texts are made valid, inner messages are tried
individually, and unreadable parts are left out and counted.
"""

from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from obsv.wire.errors import BadRequest
from obsv.wire.shells import shell

M = TypeVar("M", bound=Message)

# Levels read one by one: five lead to a span's attribute, the rest are for nested values.
MAX_LEVELS = 24
# Messages tried individually, in 0.3 s: 500 damaged spans of 50 attributes.
MOST_TRIED = 30_000
UINT32_MAX = 2**32 - 1
# Counters of omitted parts.
COUNTERS = {
    "attributes": "dropped_attributes_count",
    "events": "dropped_events_count",
    "links": "dropped_links_count",
}


def repair(body: bytes, message: M) -> tuple[M, int]:
    """Return a message without its unreadable parts.

    Args:
        body: bytes that the strict parser refuses.
        message: an empty message of their type; it is filled.

    Returns:
        The message, and the number of omitted spans.

    Raises:
        BadRequest: the outer messages themselves cannot be read, or too many of the inner ones.
    """
    reader = _Reader()
    if not reader.read(body, message, 0) or reader.broken:
        raise BadRequest(f"The body is not a {message.DESCRIPTOR.name} in protobuf.")
    return message, reader.spans


def parsed(raw: bytes, message: M) -> M:
    """Return the message that bytes hold, repaired if the strict parser refuses them.

    Args:
        raw: the bytes.
        message: an empty message of that kind; it is filled.

    Raises:
        BadRequest: they cannot be repaired.
    """
    try:
        message.MergeFromString(raw)
    except DecodeError:
        message.Clear()
        return repair(raw, message)[0]
    return message


class _Reader:
    """Reads into messages in place: a copy would be parsed again, and be too deep again."""

    def __init__(self) -> None:
        self.spans = 0
        self.broken = False
        self._tried = 0

    def read(self, raw: bytes, message: Message, level: int) -> bool:
        """Fill the message, completely or without some parts; return False if nothing of it can be read."""
        self._tried += 1
        if self._tried > MOST_TRIED:
            raise BadRequest(f"The body is damaged protobuf in more than {MOST_TRIED:,} places.")
        try:
            message.MergeFromString(raw)
            return True
        except DecodeError:
            message.Clear()
        try:
            outline = shell(message.DESCRIPTOR).FromString(raw)
        except DecodeError:
            return False
        if level < MAX_LEVELS:
            for field, content in outline.ListFields():
                self._take(message, message.DESCRIPTOR.fields_by_number[field.number], content, level)
        return True

    def _take(self, message: Message, field: Any, content: Any, level: int) -> None:
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            self._messages(message, field, content, level + 1)
        elif field.is_repeated:
            getattr(message, field.name).extend(item.decode("utf-8", "replace") for item in content)
        elif field.type == FieldDescriptor.TYPE_STRING:
            setattr(message, field.name, content.decode("utf-8", "replace"))
        else:
            # The number that the sender itself omitted is added.
            before = getattr(message, field.name) if field.name in COUNTERS.values() else 0
            setattr(message, field.name, min(before + content, UINT32_MAX) if before else content)

    def _messages(self, owner: Message, field: Any, content: Any, level: int) -> None:
        target = getattr(owner, field.name)
        if not field.is_repeated:
            target.SetInParent()
            self.read(content, target, level)
            return
        lost = 0
        for item in content:
            if not self.read(item, target.add(), level):
                del target[-1]
                lost += 1
        if lost:
            self._count(owner, field.name, lost)

    def _count(self, owner: Message, name: str, lost: int) -> None:
        if name == "spans":
            self.spans += lost
        elif name in ("resource_spans", "scope_spans"):
            self.broken = True
        elif counter := COUNTERS.get(name):
            setattr(owner, counter, getattr(owner, counter) + lost)
