"""The data shared by all spans with the same name and attribute keys, computed once.

Nearly every span of a service has a known shape, so a row costs one dictionary look-up and one pass over its values.
The cache
is limited: a sender that invents names can slow itself down, but not fill the memory.
"""

from collections.abc import Callable, Hashable
from typing import Any, Generic, NamedTuple, TypeVar

from obsv import semconv
from obsv.conventions import direction
from obsv.store.ground import Code, Signature
from obsv.wire.limits import DEFAULT_LIMITS, clip_name

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

OWN_SCOPE = "obsv"
# The name that the specification gives to a service without one.
UNKNOWN_SERVICE = "unknown_service"
THREAD_KEYS = (semconv.THREAD_ID, semconv.THREAD_NAME)
# Attributes with a column of their own; those of code only if obsv wrote them.
OBSV_KEYS = (
    semconv.PROCESS_GROUP,
    semconv.FEED,
    semconv.CPU_TIME_NS,
    semconv.MEMORY_GROWTH_BYTES,
    semconv.SAMPLE_RATE,
)
OWN_KEYS = (
    semconv.CODE_FUNCTION_NAME,
    semconv.CODE_FILE_PATH,
    semconv.CODE_LINE_NUMBER,
    semconv.CODE_SOURCE_TEXT,
    semconv.EXACT_INPUTS,
)


class Cache(Generic[K, V]):
    """A dictionary with a size limit; entries not used lately are removed first.

    It has two generations instead of an order of use: a hit costs one look-up.

    Args:
        size: entries of a generation; at most twice as many are kept.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """Return the entry, or None."""
        found = self._young.get(key)
        if found is None:
            found = self._old.pop(key, None)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: K, value: V) -> V:
        """Store an entry and return it."""
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
        self._young[key] = value
        return value

    def __len__(self) -> int:
        return len(self._young) + len(self._old)


class Plan(NamedTuple):
    """The conversion of one shape's attributes to a row.

    Args:
        signature: the row's signature, if no column is filled from an attribute; else None, see `taken`.
        masked: positions whose values are masked.
        taken: positions and keys of attributes with a column of their own.
        kept: the other positions.
        fields: names and directions of the kept ones.
        is_counted: whether it has the attributes of calls that were only counted.
    """

    signature: Signature | None
    masked: tuple[int, ...]
    taken: tuple[tuple[int, str], ...]
    kept: tuple[int, ...]
    fields: tuple[tuple[str, str], ...]
    is_counted: bool


class Shape(NamedTuple):
    """The key of a plan."""

    service: str
    scope: str
    name: str
    kind: int
    keys: tuple[str, ...]


def make_plan(shape: Shape, is_secret: Callable[[str], bool], name_chars: int) -> Plan:
    """Return the plan of a shape."""
    columns = THREAD_KEYS + OBSV_KEYS + (OWN_KEYS if shape.scope == OWN_SCOPE else ())
    taken = tuple((i, key) for i, key in enumerate(shape.keys) if key in columns)
    kept = tuple(i for i, key in enumerate(shape.keys) if key not in columns)
    fields = tuple(field(shape.keys[i], name_chars) for i in kept)
    masked = tuple(i for i in kept if is_secret(shape.keys[i][:name_chars]))
    signature = None if taken else signature_of(shape, fields, {})
    return Plan(signature, masked, taken, kept, fields, semconv.LEFT_OUT_CALLS in shape.keys)


def field(key: str, name_chars: int) -> tuple[str, str]:
    """Return name and direction of an attribute's data row."""
    key = clip_name(key, name_chars)
    for prefix, found in ((semconv.INPUT_PREFIX, semconv.INPUT), (semconv.OUTPUT_PREFIX, semconv.OUTPUT)):
        if key.startswith(prefix) and len(key) > len(prefix):
            return key[len(prefix) :], found
    return key, direction(key)


def signature_of(shape: Shape, fields: tuple[tuple[str, str], ...], columns: dict[str, Any]) -> Signature:
    """Return the signature of a shape.

    Args:
        shape: the shape.
        fields: fields of the kept attributes.
        columns: values of the taken ones by key.
    """
    group, feed = columns.get(semconv.PROCESS_GROUP), columns.get(semconv.FEED)
    path, line = columns.get(semconv.CODE_FILE_PATH), columns.get(semconv.CODE_LINE_NUMBER)
    text = columns.get(semconv.CODE_SOURCE_TEXT)
    code = None
    if path and isinstance(path, str):
        code = Code(path, line if isinstance(line, int) else 0, text if isinstance(text, str) else "")
    return Signature(
        shape.service,
        shape.name,
        group if isinstance(group, str) and group else shape.scope or shape.service,
        shape.kind,
        fields,
        code,
        feed if isinstance(feed, str) and feed else None,
    )


class Resource(NamedTuple):
    """A resource in the form shared by the sources of its scopes: its service's name, and its text."""

    service: str
    text: str


def resource_of(resource: dict[str, Any], encode: Callable[[Any], str]) -> Resource:
    """Return a clean OTLP JSON resource with its `schemaUrl` in shared form.

    A service name that is empty, or not a string, is replaced: every view then shows the same.
    """
    pairs = resource.get("attributes", ())
    given = next((pair["value"] for pair in pairs if pair["key"] == semconv.SERVICE_NAME), None)
    service = None if given is None else given.get("stringValue")
    if given is not None and not service:
        value = {"stringValue": UNKNOWN_SERVICE}
        resource = resource | {
            "attributes": [pair | {"value": value} if pair["key"] == semconv.SERVICE_NAME else pair for pair in pairs]
        }
    return Resource(clip_name(service or UNKNOWN_SERVICE, DEFAULT_LIMITS.name_chars), encode(resource))
