"""The settings of the recording pipeline: arguments of `configure`, else the environment, else what is written here."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypedDict

from obsv.errors import ConfigurationError

DEFAULT_DB = Path("logs") / "observability.db"

OnFull = Literal["spill", "drop", "block"]
WriterMode = Literal["program", "auto", "process", "thread"]

_HOUR_S = 3_600.0
_GIB = 2**30


@dataclasses.dataclass(frozen=True)
class Settings:
    """How calls are kept. Where OpenTelemetry has a variable (`OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER`, …) the SDK
    reads it.

    Args:
        db: the database file; variable `OBSV_DB`.
        service_name: resource attribute `service.name`; by default `OTEL_SERVICE_NAME`.
        resource: further resource attributes.
        otlp_endpoint: also send spans there by OTLP; by default `OTEL_EXPORTER_OTLP_ENDPOINT` where that is set.
        writer: who stores what is recorded; by default `OBSV_WRITER`, else "program": a thread of this program, from
            its memory. With the others calls are in files beside the database from their beginning, and kill -9 loses
            none: a "process" of its own stores them, the keeper, which all programs of a database share; a "thread" of
            this program does; "auto" takes a process, and a thread where none can be started.
        on_full: when more comes than the database takes: "spill" to a file beside it, "drop" the oldest successes, or
            "block" the program for a bounded time. Errors are never dropped.
        spill_max_bytes: size up to which calls are spilled; after that the oldest successes go.
        spill: whether a spill file may be written at all.
        lane_size: successes that wait for the writer.
        ring_size: successes that wait behind those.
        queue_warning_threshold: warn once an episode when more calls than this wait.
        retention_s: age in seconds at which calls are deleted; None keeps them. Like `max_bytes` a property of the
            store: given here it is kept there, for all programs; not given, what was set before holds.
        max_bytes: size of the database file above which the oldest calls go, successes before errors; None is no limit.
        breaker_failures: failed writes in a row after which the database is left alone for a while.
        breaker_recovery_s: how long, in seconds.
        busy_timeout_s: how long one write waits for another process's lock, in seconds.
    """

    db: Path = DEFAULT_DB
    service_name: str | None = None
    resource: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    otlp_endpoint: str | None = None
    writer: WriterMode = "program"
    on_full: OnFull = "spill"
    spill: bool = True
    spill_max_bytes: int = _GIB
    lane_size: int = 10_000
    ring_size: int = 50_000
    queue_warning_threshold: int = 8_000
    retention_s: float | None = 6 * _HOUR_S
    max_bytes: int | None = None
    breaker_failures: int = 5
    breaker_recovery_s: float = 5.0
    busy_timeout_s: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "db", Path(self.db).absolute())
        if self.on_full not in ("spill", "drop", "block"):
            raise ConfigurationError(f'on_full is "spill", "drop" or "block", not {self.on_full!r}.')
        if self.writer not in ("program", "auto", "process", "thread"):
            raise ConfigurationError(f'writer is "program", "auto", "process" or "thread", not {self.writer!r}.')
        for name in ("spill_max_bytes", "lane_size", "ring_size", "queue_warning_threshold", "breaker_failures"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name} is at least 1, not {getattr(self, name)!r}.")
        for name in ("retention_s", "max_bytes", "breaker_recovery_s", "busy_timeout_s"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigurationError(f"{name} is more than 0, not {value!r}.")

    # What was given, though it may be the default.
    _given = frozenset[str]()

    def limit_changes(self) -> dict[str, int | None]:
        """Return the store's limits that somebody chose: `max_age_ns`, `max_bytes`."""
        age_ns = None if self.retention_s is None else int(self.retention_s * 1e9)
        found = {"retention_s": ("max_age_ns", age_ns), "max_bytes": ("max_bytes", self.max_bytes)}
        defaults = {each.name: each.default for each in dataclasses.fields(self)}
        return dict(
            limit for name, limit in found.items() if name in self._given or getattr(self, name) != defaults[name]
        )


class Arguments(TypedDict, total=False):
    """What `configure` takes: the fields of `Settings`, for type checkers."""

    db: str | os.PathLike[str] | None
    service_name: str | None
    resource: Mapping[str, Any]
    otlp_endpoint: str | None
    writer: WriterMode
    on_full: OnFull
    spill: bool
    spill_max_bytes: int
    lane_size: int
    ring_size: int
    queue_warning_threshold: int
    retention_s: float | None
    max_bytes: int | None
    breaker_failures: int
    breaker_recovery_s: float
    busy_timeout_s: float


def settings_from(arguments: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the arguments that were given and, for the rest, the environment.

    Raises:
        ConfigurationError: a setting is unknown or cannot be used; the message names it.
    """
    names = [field.name for field in dataclasses.fields(Settings)]
    unknown = sorted(set(arguments) - set(names))
    if unknown:
        raise ConfigurationError(f"configure has no setting {unknown[0]!r}: it takes {', '.join(names)}.")
    given = dict(arguments)
    if given.get("db") is None:
        given["db"] = environment.get("OBSV_DB") or DEFAULT_DB
    if given.get("writer") is None:
        given["writer"] = environment.get("OBSV_WRITER", "").strip().lower() or "program"
    settings = Settings(**given)
    object.__setattr__(settings, "_given", frozenset(arguments))
    return settings
