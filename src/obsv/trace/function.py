"""The data about a monitored function before it is called."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from obsv.capture import MASKED, Redactor
from obsv.capture.secrets.secret_names import returns_secret


class Code(NamedTuple):
    """Location and source of a function when it was monitored."""

    file_path: str
    line_number: int
    source_text: str


# All functions with the same words share what a redactor has learned about names.
@lru_cache(maxsize=256)
def _redactor(own: tuple[str, ...], defaults: bool) -> Redactor:
    return Redactor(own, defaults=defaults)


class Function:
    """A monitored function: everything about its spans that does not change between calls.

    Compared by identity, so that a look-up by function costs one pointer.

    Args:
        name: `module.qualname`, the span's name and the process in the store.
        process_group: the group under which views show it; the module's name by default.
        inputs: the names of the recorded arguments, in the order of `Span.inputs`.
        output: the name of the result's row, `return` or `yield`; None if the result is not recorded.
        has_keywords: whether `Span.inputs` ends with the pairs of `**kwargs`.
        code: reads its location and source, on first use.
        feed: the data feed that its calls update.
        max_repr: maximum length of a value's text, in characters.
        redactor: masks secrets in the text of exceptions.

    `sample_rate` is the share of its calls that is recorded; failing calls all are. `memo` holds data that an exporter
    derives
    from a function, so that it lives as long as the function; `number` identifies it in records of `ring`.
    """

    __slots__ = (
        "_code",
        "_hides_result",
        "_read_code",
        "feed",
        "has_keywords",
        "inputs",
        "max_repr",
        "memo",
        "name",
        "number",
        "output",
        "process_group",
        "redactor",
        "ring",
        "sample_rate",
    )

    def __init__(
        self,
        name: str,
        process_group: str,
        inputs: tuple[str, ...],
        has_keywords: bool,
        output: str | None,
        code: Callable[[], Code | None],
        feed: str | None,
        max_repr: int,
        redactor: Redactor,
    ) -> None:
        self.name, self.process_group, self.inputs = name, process_group, inputs
        self.has_keywords, self.output, self.feed = has_keywords, output, feed
        self.max_repr, self.redactor = max_repr, redactor
        self.sample_rate = 1.0
        self.memo: dict[Any, Any] = {}
        self.ring: object = None
        self.number = 0
        self._read_code: Callable[[], Code | None] | None = code
        self._code: Code | None = None
        self._hides_result: bool | None = None

    @property
    def hides_result(self) -> bool:
        """Return whether the result is secret by the function's name."""
        if self._hides_result is None:
            self._hides_result = returns_secret(self.name, self.redactor.is_sensitive)
        return self._hides_result

    def shown_result(self, result: Any) -> Any:
        """Return a frozen result for display; True, False and None reveal no secret."""
        return MASKED if self.hides_result and result is not None and type(result) is not bool else result

    @property
    def code(self) -> Code | None:
        """Return location and source of the function; None if it has no Python source. Reads the file once."""
        if self._read_code is not None:
            self._code, self._read_code = self._read_code(), None
        return self._code

    def settle(
        self,
        inputs: tuple[str, ...],
        has_keywords: bool,
        output: str | None,
        max_repr: int,
        redactor: Redactor,
        sample_rate: float,
    ) -> None:
        """Apply what the settings of the process decide, before the first call under them."""
        self.inputs, self.has_keywords, self.output = inputs, has_keywords, output
        self.max_repr, self.redactor, self.sample_rate = max_repr, redactor, sample_rate
        # Records and rows refer to it as it was.
        self.ring = self._hides_result = None
        self.memo.clear()

    def __repr__(self) -> str:
        return f"Function({self.name!r})"

    def freeze(self) -> tuple[Any, ...]:
        """Return everything for `marshal`; of the redactor its words, with which the text of an exception is redacted
        later.
        """
        code = None if self.code is None else tuple(self.code)
        front = (self.name, self.process_group, self.inputs, self.has_keywords, self.output)
        return *front, code, self.feed, self.max_repr, (self.redactor.own, self.redactor.defaults), self.sample_rate

    @classmethod
    def thaw(cls, frozen: tuple[Any, ...]) -> "Function":
        """Return the function of `freeze`."""
        name, group, inputs, has_keywords, output, code, feed, max_repr, words, sample_rate = frozen
        place = None if code is None else Code(*code)
        made = cls(name, group, inputs, has_keywords, output, lambda: place, feed, max_repr, _redactor(*words))
        made.sample_rate = float(sample_rate)
        return made
