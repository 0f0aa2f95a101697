"""What the compiled core offers to Python."""

from collections.abc import Callable
from typing import Any

from obsv.capture.frozen import Freezer
from obsv.capture.shapes import Shape

class Encoder:
    """Values to the bytes of records."""

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
        """The bytes of one value, as `marshal.dumps(snapshot(value), 2)` gives them."""
