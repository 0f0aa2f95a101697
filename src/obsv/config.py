"""The settings of the recording pipeline: arguments of `configure`, else the environment, else what is written here."""

import dataclasses
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict

from obsv import quantities
from obsv.errors import ConfigurationError

logger = logging.getLogger("obsv")

DEFAULT_DB = Path("logs") / "observability.db"

OnFull = Literal["spill", "drop", "block"]
WriterMode = Literal["auto", "process", "thread"]

_HOUR_S = 3_600.0
_GIB = 2**30

Read = Callable[[str, Any], Any]


def _one_of(*choices: str) -> Read:
    def read(name: str, value: Any) -> str:
        if value not in choices:
            shown = f"{', '.join(map(repr, choices[:-1]))} or {choices[-1]!r}".replace("'", '"')
            raise ConfigurationError(f"{name} is {shown}, not {value!r:.100}.")
        return str(value)

    return read


def _positive(read: Read) -> Read:
    def read_positive(name: str, value: Any) -> Any:
        found = read(name, value)
        if found <= 0:
            raise ConfigurationError(f"{name} is more than 0, not {value!r:.100}.")
        return found

    return read_positive


def _or_none(read: Read) -> Read:
    return lambda name, value: None if quantities.is_no_limit(value) else read(name, value)


def _path(name: str, value: Any) -> Path:
    if not isinstance(value, (str, os.PathLike)) or not isinstance(os.fspath(value), str):
        raise ConfigurationError(f"{name} is the path of a file, not {value!r:.100}.")
    return Path(value).absolute()


def _text(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ConfigurationError(f"{name} is a text, not {value!r:.100}.")
    return value


def _mapping(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{name} is a mapping of attributes, not {value!r:.100}.")
    return value


_READERS: dict[str, Read] = {
    "db": _path,
    "service_name": _text,
    "resource": _mapping,
    "otlp_endpoint": _text,
    "writer": _one_of("auto", "process", "thread"),
    "on_full": _one_of("spill", "drop", "block"),
    "spill": quantities.flag,
    "spill_max_bytes": _positive(quantities.size),
    "queue_warning_threshold": quantities.count,
    "retention": _or_none(_positive(quantities.seconds)),
    "max_bytes": _or_none(_positive(quantities.size)),
    "busy_timeout_s": _positive(quantities.seconds),
    "capture": quantities.capture,
    "sample_rate": quantities.share,
    "max_repr": quantities.count,
    "sensitive_fields": quantities.names,
    "expected": quantities.exceptions,
    "follow_threads": quantities.flag,
    "errors_only": quantities.flag,
    "min_duration": quantities.seconds,
    "max_per_second": _or_none(quantities.count),
    "depth": _or_none(quantities.count),
}
# Those that a variable of the environment sets, `OBSV_` and their names; OpenTelemetry has its own for the rest.
_VARIABLES = frozenset(_READERS) - {"service_name", "resource", "otlp_endpoint"}


@dataclasses.dataclass(frozen=True)
class Settings:
    """How calls are kept. Where OpenTelemetry has a variable (`OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER`, …) the SDK
    reads it.

    Args:
        db: the database file.
        service_name: resource attribute `service.name`; by default `OTEL_SERVICE_NAME`, else the name of the script or
            of the package that `python -m` runs.
        resource: further resource attributes.
        otlp_endpoint: also send spans there by OTLP; by default `OTEL_EXPORTER_OTLP_ENDPOINT` where that is set.
        writer: who stores what is recorded: a "process" of its own, the keeper, which all programs of a database share;
            a "thread" of this program; "auto" takes a process, and a thread where none can be started. Calls are in
            files beside the database from their beginning, and kill -9 loses none.
        on_full: when more comes than the database takes: "spill" keeps up to `spill_max_bytes` of it beside the
            database, "drop" 12 MiB, after which the oldest successes go; "block" lets the program wait for a bounded
            time before. Errors are never dropped.
        spill_max_bytes: size of what may wait, in bytes or as `"1GB"`.
        spill: whether files beside the database may be used at all; else calls wait in memory.
        queue_warning_threshold: warn once an episode when more calls than this wait.
        retention: age at which calls are deleted, in seconds or as `"2d"`; None keeps them. Like `max_bytes` a property
            of the store: given here it is kept there, for all programs; not given, what was set before holds.
        max_bytes: size of the database file above which the oldest calls go, successes before errors, in bytes or as
            `"1GB"`; None is no limit.
        busy_timeout_s: how long one write waits for another process's lock, in seconds.
        capture: which parts of a call are recorded, where `@monitor` does not say: a mapping of them, or "off", "args",
            "all", "exact". `docs/guide.md` has the parts. So are the next ones, which `@monitor` documents.
        sample_rate: the share of calls that is recorded, 0.0 to 1.0.
        max_repr: characters of a value's text.
        sensitive_fields: more names whose values are masked, beside those that `@monitor` gives.
        expected: exceptions that are no errors, beside those that `@monitor` gives: classes, or their names.
        follow_threads: what runs in a thread, or in a pool of `concurrent.futures`, stands below the call that started
            or submitted it. It holds from then on for the whole process, and always under `obsv run`.
        errors_only: only failed calls are recorded; the others are counted.
        min_duration: shorter calls are not recorded unless they fail, but counted; seconds, or as `"10ms"`.
        max_per_second: calls of one function that are recorded in a second; further ones are counted.
        depth: how many recorded calls may stand inside each other; calls further inside are not recorded, but counted.

    Each but `service_name`, `resource` and `otlp_endpoint` is a variable of the environment, too: `OBSV_` and its name.
    """

    db: Path = DEFAULT_DB
    service_name: str | None = None
    resource: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    otlp_endpoint: str | None = None
    writer: WriterMode = "auto"
    on_full: OnFull = "spill"
    spill: bool = True
    spill_max_bytes: int = _GIB
    queue_warning_threshold: int = 8_000
    retention: float | None = 6 * _HOUR_S
    max_bytes: int | None = None
    busy_timeout_s: float = 1.0
    capture: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    sample_rate: float = 1.0
    max_repr: int = 1_000
    sensitive_fields: tuple[str, ...] = ()
    expected: tuple[str | type[BaseException], ...] = ()
    follow_threads: bool = False
    errors_only: bool = False
    min_duration: float = 0.0
    max_per_second: int | None = None
    depth: int | None = None

    def __post_init__(self) -> None:
        for name, read in _READERS.items():
            object.__setattr__(self, name, read(name, getattr(self, name)))

    # What was given, though it may be the default.
    _given = frozenset[str]()

    def limit_changes(self) -> dict[str, int | None]:
        """Return the store's limits that somebody chose: `max_age_ns`, `max_bytes`."""
        age_ns = None if self.retention is None else int(self.retention * 1e9)
        found = {"retention": ("max_age_ns", age_ns), "max_bytes": ("max_bytes", self.max_bytes)}
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
    spill_max_bytes: int | str
    queue_warning_threshold: int
    retention: float | str | None
    max_bytes: int | str | None
    busy_timeout_s: float | str
    capture: Mapping[str, Any] | str
    sample_rate: float | str
    max_repr: int
    sensitive_fields: Sequence[str]
    expected: Sequence[str | type[BaseException]] | str | type[BaseException]
    follow_threads: bool
    errors_only: bool
    min_duration: float | str
    max_per_second: int | None
    depth: int | None


def settings_from(arguments: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the arguments that were given and, for the rest, the environment.

    A variable that cannot be used is said in the log, and is as if it were not there: it may be another program's wish.

    Raises:
        ConfigurationError: an argument is unknown or cannot be used; the message names it.
    """
    unknown = sorted(set(arguments) - set(_READERS))
    if unknown:
        raise ConfigurationError(f"configure has no setting {unknown[0]!r}: it takes {', '.join(_READERS)}.")
    given = {name: value for name, value in arguments.items() if name not in ("db", "writer") or value is not None}
    from_environment = _variables(environment, given)
    settings = Settings(**{**from_environment, **given})
    object.__setattr__(settings, "_given", frozenset(given) | frozenset(from_environment))
    return settings


def _variables(environment: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in sorted(_VARIABLES - set(given)):
        variable = f"OBSV_{name.upper()}"
        text = environment.get(variable, "").strip()
        if not text:
            continue
        try:
            found[name] = _READERS[name](variable, text.lower() if name in ("writer", "on_full") else text)
        except ConfigurationError as error:
            if str(error) not in _said:
                _said.add(str(error))
                logger.warning("%s It is ignored.", error)
    return found


# The environment is read by decorators and by the start of recording.
_said: set[str] = set()
