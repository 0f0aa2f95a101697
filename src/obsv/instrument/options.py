"""What `@monitor` was asked for."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypedDict

from obsv.errors import ConfigurationError

Serializer = Literal["smart", "repr", "json"] | Callable[[Any], str]


class Capture(TypedDict, total=False):
    """Which parts of a call are recorded.

    Keys:
        args: arguments, one row each (True); `"exact"` also pickles the inputs of failing calls that show no secret.
        result: the result, row `return`, or of a generator the first item, row `yield` (True).
        locals: on error the failing frame's variables, rows `local.<name>` (False).
        cpu: CPU time of the call, nanoseconds (False).
        memory: growth of the process's resident memory during the call, bytes (False).
    """

    args: bool | Literal["exact"]
    result: bool
    locals: bool
    cpu: bool
    memory: bool


_DEFAULT_CAPTURE = Capture(args=True, result=True, locals=False, cpu=False, memory=False)


@dataclasses.dataclass(frozen=True)
class Options:
    """The settings of one monitored callable; `monitor` documents them."""

    process_group: str | None = None
    sample_rate: float = 1.0
    capture: Capture = dataclasses.field(default_factory=lambda: _DEFAULT_CAPTURE)
    serializer: Serializer = "smart"
    max_repr: int = 1_000
    sensitive_fields: Sequence[str] = ()
    queue_warning_threshold: int | None = None
    feed: str | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.sample_rate <= 1.0:
            raise ConfigurationError(f"sample_rate is a share of calls from 0.0 to 1.0, not {self.sample_rate!r}.")
        if self.max_repr < 1:
            raise ConfigurationError(f"max_repr is a number of characters, at least 1, not {self.max_repr!r}.")
        if not callable(self.serializer) and self.serializer not in ("smart", "repr", "json"):
            raise ConfigurationError(
                f'serializer is "smart", "repr", "json" or a callable that returns text, not {self.serializer!r}.'
            )
        if isinstance(self.sensitive_fields, str):
            raise ConfigurationError(f"sensitive_fields is a sequence of names: write ({self.sensitive_fields!r},).")
        object.__setattr__(self, "capture", _complete(self.capture))


def _complete(capture: Mapping[str, Any]) -> Capture:
    unknown = sorted(set(capture) - set(_DEFAULT_CAPTURE))
    if unknown:
        raise ConfigurationError(f"capture has no part {unknown[0]!r}: it takes {', '.join(_DEFAULT_CAPTURE)}.")
    return Capture(**{**_DEFAULT_CAPTURE, **capture})  # type: ignore[typeddict-item]
