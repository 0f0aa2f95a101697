"""Options of `@monitor`, and the rules of a function if options are not given."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypedDict

from obsv import quantities
from obsv.config import Settings, settings_from
from obsv.errors import ConfigurationError

Serializer = Literal["smart", "repr", "json"] | Callable[[Any], str]
Expected = Sequence[str | type[BaseException]]


class Capture(TypedDict, total=False):
    """The parts of a call to record.

    Keys:
        args: arguments, one row each (True); `"exact"` also pickles the inputs of failing calls that contain no secret.
        result: the result, row `return`, or the first item of a generator, row `yield` (True).
        locals: on error, the failing frame's local variables, rows `local.<name>` (False).
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
    """The settings of one monitored callable, as documented in `monitor`.

    None: the value given to `configure`, or its default.
    """

    process_group: str | None = None
    sample_rate: float | None = None
    capture: Capture | str | None = None
    serializer: Serializer = "smart"
    max_repr: int | None = None
    sensitive_fields: Sequence[str] = ()
    queue_warning_threshold: int | None = None
    feed: str | None = None
    expected: Expected = ()
    errors_only: bool | None = None
    min_duration: float | str | None = None
    max_per_second: int | None = None

    def __post_init__(self) -> None:
        for name, read in _READERS.items():
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, read(name, value))
        if not callable(self.serializer) and self.serializer not in ("smart", "repr", "json"):
            raise ConfigurationError(
                f'serializer must be "smart", "repr", "json" or a callable that returns text, not {self.serializer!r}.'
            )
        if isinstance(self.sensitive_fields, str):
            raise ConfigurationError(
                f"sensitive_fields must be a sequence of names: write ({self.sensitive_fields!r},)."
            )
        object.__setattr__(self, "sensitive_fields", quantities.names("sensitive_fields", self.sensitive_fields))


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} must be text, not {value!r:.100}.")
    return value


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "process_group": _text,
    "sample_rate": quantities.share,
    "capture": quantities.capture,
    "max_repr": quantities.count,
    "queue_warning_threshold": quantities.count,
    "feed": _text,
    "expected": quantities.exceptions,
    "errors_only": quantities.flag,
    "min_duration": quantities.seconds,
    "max_per_second": quantities.count,
}


class Rules(NamedTuple):
    """The recording rules of a function: its options combined with those of the process.

    Attributes:
        capture: all parts.
        min_duration_ns: shorter calls are left out; 0 for no limit.
        max_per_second: calls beyond it are left out; None for no limit.
        depth: maximum number of nested recorded calls; None for no limit.
        selects: whether a call may be left out by one of the last four.
    """

    capture: Capture
    sample_rate: float
    max_repr: int
    sensitive_fields: tuple[str, ...]
    expected: tuple[str | type[BaseException], ...]
    errors_only: bool
    min_duration_ns: int
    max_per_second: int | None
    depth: int | None

    @property
    def selects(self) -> bool:
        return bool(self.errors_only or self.min_duration_ns or self.max_per_second or self.depth)

    @classmethod
    def of(cls, options: Options, process: Settings) -> Rules:
        """Combine a function's options with those of the process."""

        def chosen(own: Any, general: Any) -> Any:
            return general if own is None else own

        parts: dict[str, Any] = {**_DEFAULT_CAPTURE, **process.capture, **(options.capture or {})}  # type: ignore[dict-item]
        return cls(
            Capture(**parts),  # type: ignore[typeddict-item]
            chosen(options.sample_rate, process.sample_rate),
            chosen(options.max_repr, process.max_repr),
            (*process.sensitive_fields, *options.sensitive_fields),
            (*process.expected, *options.expected),
            # From failing calls alone, no share can be estimated: the others are counted.
            chosen(options.errors_only, process.errors_only) or chosen(options.sample_rate, process.sample_rate) == 0.0,
            int(chosen(options.min_duration, process.min_duration) * 1e9),
            chosen(options.max_per_second, process.max_per_second),
            process.depth,
        )


# All functions of a program under `obsv run` share their options.
_latest: tuple[Options, Settings, Rules] | None = None


def rules_of(options: Options, process: Settings) -> Rules:
    """Return the rules of a function, shared by functions with the same options."""
    global _latest
    known = _latest
    if known is None or known[0] is not options or known[1] is not process:
        known = _latest = (options, process, Rules.of(options, process))
    return known[2]


class _Process:
    """The settings of this process.

    Attributes:
        settings: None until first requested: then those of the environment.
        listeners: called when they change.
    """

    __slots__ = ("listeners", "settings")

    def __init__(self) -> None:
        self.settings: Settings | None = None
        self.listeners: list[Callable[[], None]] = []


_process = _Process()


def process_settings() -> Settings:
    """Return the settings of this process: the last ones given to `configure`, else those of the environment."""
    if _process.settings is None:
        _process.settings = settings_from({})
    return _process.settings


def set_process_settings(settings: Settings) -> None:
    """Make functions record with these settings from their next call on."""
    if settings == _process.settings:
        return
    _process.settings = settings
    for listener in _process.listeners:
        listener()


def when_changed(listener: Callable[[], None]) -> None:
    """Call a function whenever the settings of this process change."""
    _process.listeners.append(listener)
