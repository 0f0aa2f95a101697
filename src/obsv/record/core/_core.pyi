"""The Python interface of the compiled core."""

from collections.abc import Callable
from contextvars import ContextVar
from mmap import mmap
from typing import Any

from obsv.capture.frozen import Freezer
from obsv.capture.shapes import Shape

class Encoder:
    """An encoder of values to the bytes of records."""

    def __new__(
        cls,
        freeze: Freezer,
        harmless: set[str],
        is_sensitive: Callable[[str], bool],
        shape_of: Callable[[type], Shape | None],
        is_from_signal: Callable[[BaseException], bool],
        max_repr: int,
        max_items: int,
        max_depth: int,
    ) -> Encoder: ...
    def encode(self, value: Any, /) -> bytes:
        """Return the bytes of one value, equal to `marshal.dumps(snapshot(value), 2)`."""

class Cursor:
    """The position of a segment's next record: `mmap.write`, `seek` and `tell` over the same memory."""

    def __new__(cls, map_: mmap, /) -> Cursor: ...
    def write(self, record: bytes, /) -> int: ...
    def seek(self, at: int, /) -> None: ...
    def tell(self) -> int: ...
    def close(self) -> None: ...

class Span:
    """The span of a call recorded by C; the methods of `obsv.trace.span.Span` are added to it."""

    def leave(self) -> None: ...
    def write_end(self) -> bool: ...
    def write_error(self, failure: tuple[Any, Any] | None, /) -> bool: ...

class Texts:
    """The texts of values, from their bytes."""

    def __new__(cls, marks: tuple[str, ...], roots: tuple[str, ...], limit: int) -> Texts: ...
    def of(self, inputs: bytes, result: bytes | None, /) -> str | None:
        """Return the JSON array of the texts of packed arguments and a packed result; None if Python must make it."""

class Recorder:
    """The recorder of one function."""

    function: Any
    def __new__(
        cls,
        function: Any,
        begin: Callable[..., Any],
        finish: Callable[[Any, Any], Any],
        freeze: Callable[..., tuple[Any, ...]] | None,
        snapshot: Callable[[Any], Any],
        encoder: Encoder | None,
        count: int,
        order: tuple[int, ...],
        masked: tuple[bool, ...],
        keywords: int,
        has_result: bool,
        follow: Callable[[Any, Any], Any] | None,
    ) -> Recorder: ...
    def begin(self, *values: Any) -> Any: ...
    def finish(self, span: Any, result: Any, /) -> Any: ...

def connect(
    variable: ContextVar[Any],
    key: str,
    context: type,
    span_class: type,
    methods: dict[str, Any],
    absent: object,
    adopt: Callable[[Any], tuple[Any, ...] | bool | None],
    late: Callable[[Any], None],
    freeze_details: Callable[[Any], Any],
    is_from_signal: Callable[[BaseException], bool],
    recording: Any,
    random: bytes,
) -> type[Span]: ...
def open(
    calls: Any,
    errors: Any,
    define: Callable[[Any], int],
    identify: Callable[[], tuple[tuple[int, str], int]],
    origin: Any,
    ring: Any,
    look: Callable[[int], object],
    origin_number: int,
    offset: int,
    has_green_threads: bool,
) -> None: ...
def close() -> None: ...
def is_open() -> bool: ...
def add_grams(filters: bytearray, block: int, text: bytes, /) -> int: ...
