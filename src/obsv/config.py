"""Settings of the recording pipeline: arguments of `configure`, else the environment, else the defaults here."""

import dataclasses
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict

from obsv import quantities
from obsv.errors import ConfigurationError
from obsv.working_directory import absolute

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
            raise ConfigurationError(f"{name} must be more than 0, not {value!r:.100}.")
        return found

    return read_positive


def _or_none(read: Read) -> Read:
    return lambda name, value: None if quantities.is_no_limit(value) else read(name, value)


def _path(name: str, value: Any) -> Path:
    if not isinstance(value, (str, os.PathLike)) or not isinstance(os.fspath(value), str):
        raise ConfigurationError(f"{name} must be the path of a file, not {value!r:.100}.")
    return Path(absolute(os.fspath(value)))


def _text(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ConfigurationError(f"{name} must be text, not {value!r:.100}.")
    return value


def _mapping(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{name} must be a mapping of attributes, not {value!r:.100}.")
    return value


def _archive(name: str, value: Any) -> str | None:
    """Return the address of an archive: a path becomes the absolute path that it is now."""
    if value is None or quantities.is_no_limit(value):
        return None
    text = os.fspath(value) if isinstance(value, (str, os.PathLike)) else None
    if not isinstance(text, str) or not text.strip():
        raise ConfigurationError(f"{name} must be the path of a directory or an address, not {value!r:.100}.")
    scheme, found, rest = text.partition("://")
    if not found:
        return Path(absolute(text)).as_uri()
    if scheme not in _SCHEMES or not rest.strip("/"):
        known = ", ".join(f"{each}://…" for each in _SCHEMES)
        raise ConfigurationError(f"{name} must be a directory or {known}, not {value!r:.100}.")
    return text


def _hub(name: str, value: Any) -> str | None:
    if value is None or quantities.is_no_limit(value):
        return None
    if not isinstance(value, str) or not value.strip().lower().startswith(("http://", "https://")):
        raise ConfigurationError(f"{name} must be http://HOST:PORT or https://HOST:PORT, not {value!r:.100}.")
    return value.strip()


_SCHEMES = ("file", "s3", "gs", "az")
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
    "max_bytes": _or_none(quantities.store_size),
    "decision_retention": _or_none(_positive(quantities.seconds)),
    "archive": _archive,
    "archive_retention": _or_none(_positive(quantities.seconds)),
    "hub": _hub,
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
# Settings that an environment variable can set, named `OBSV_` and the field; the others have OpenTelemetry variables.
_VARIABLES = frozenset(_READERS) - {"service_name", "resource", "otlp_endpoint"}


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings for recording and storing calls.

    If OpenTelemetry has a variable for a setting (`OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER`, …), the SDK reads it.

    Args:
        db: the database file.
        service_name: the resource attribute `service.name`; defaults to `OTEL_SERVICE_NAME`, else to the name of the
            script or of the package that `python -m` runs.
        resource: additional resource attributes.
        otlp_endpoint: also send spans to this OTLP endpoint; defaults to `OTEL_EXPORTER_OTLP_ENDPOINT`, if set.
        writer: what stores the recorded calls: "process", a keeper process that all programs of a database share;
            "thread", a thread of this program; or "auto", a process if one can be started, else a thread. Calls are in
            files beside the database from the moment they start, and kill -9 loses no finished call.
        on_full: what happens when calls arrive faster than they are stored: "spill" keeps up to `spill_max_bytes` of
            them beside the database, "drop" 12 MiB; beyond that, the oldest successes are dropped. "block" first makes
            the program wait for a limited time. Errors are never dropped.
        spill_max_bytes: maximum size of waiting calls, in bytes or as text such as `"1GB"`.
        spill: whether files beside the database may be used; if not, calls wait in memory.
        queue_warning_threshold: log a warning, once per episode, when more calls than this wait.
        retention: age at which calls are deleted, in seconds or as text such as `"2d"`; None keeps them. Like
            `max_bytes`, it is saved in the database for all programs; if not given, the saved value applies.
        max_bytes: size of the database file, at least 4 MB, above which the oldest calls are deleted, successes before
            errors, in bytes or as text such as `"1GB"`; None means unlimited.
        decision_retention: age at which decisions and their outcomes are deleted, in seconds or as text such as
            `"30d"`; None keeps them. Saved in the database for all programs.
        archive: where calls go before `retention` deletes them: a directory, `file:///…`, `s3://…`, `gs://…` or
            `az://…`. Saved in the database for all programs, like the next; None ends archiving.
        archive_retention: age at which the archive deletes calls, in seconds or as text such as `"90d"`; None keeps
            them.
        hub: address of an `obsv serve` (OTLP over HTTP or gRPC) to which the keeper sends everything as it is stored;
            None ends that. Saved beside the database for all programs.
        busy_timeout_s: how long a write waits for a lock held by another process, in seconds.
        capture: which parts of a call are recorded by default: a mapping of parts, or "off", "args", "all", "exact";
            `docs/guide.md` lists the parts. `@monitor` overrides this setting and the next four.
        sample_rate: the share of calls to record, 0.0 to 1.0.
        max_repr: maximum length of a value's text, in characters.
        sensitive_fields: additional names whose values are masked; names given to `@monitor` are added to them.
        expected: exceptions that are not errors, as classes or names; those given to `@monitor` are added to them.
        follow_threads: record calls in a thread, or in a pool of `concurrent.futures`, as children of the call that
            started or submitted the work. Once set, it applies to the whole process; always on under `obsv run`.
        errors_only: record only failed calls; the others are counted.
        min_duration: record only calls that take at least this long, and failed calls; the others are counted. In
            seconds or as text such as `"10ms"`.
        max_per_second: record at most this many calls of a function per second; the others are counted.
        depth: record at most this many nested calls; deeper calls are counted.

    Each setting except `service_name`, `resource` and `otlp_endpoint` also has an environment variable: `OBSV_` and its
    name.
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
    decision_retention: float | None = 90 * 24 * _HOUR_S
    archive: str | None = None
    archive_retention: float | None = 30 * 24 * _HOUR_S
    hub: str | None = None
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

    # Names of the arguments that were given, even if equal to the default.
    _given = frozenset[str]()

    def limit_changes(self) -> dict[str, int | None]:
        """Return the limits of the store that the user chose: `max_age_ns`, `max_bytes`."""
        age_ns = None if self.retention is None else int(self.retention * 1e9)
        found = {"retention": ("max_age_ns", age_ns), "max_bytes": ("max_bytes", self.max_bytes)}
        return dict(limit for name, limit in found.items() if self._is_chosen(name))

    def wishes(self) -> dict[str, Any]:
        """Return the other settings of the store that the user chose, by the names that the keeper takes."""
        keep_ns = None if self.archive_retention is None else int(self.archive_retention * 1e9)
        decided_ns = None if self.decision_retention is None else int(self.decision_retention * 1e9)
        found = {
            "decision_retention": ("decision_age_ns", decided_ns),
            "archive": ("archive", self.archive),
            "archive_retention": ("archive_retention_ns", keep_ns),
            "hub": ("hub", self.hub),
        }
        return dict(wish for name, wish in found.items() if self._is_chosen(name))

    def _is_chosen(self, name: str) -> bool:
        defaults = {each.name: each.default for each in dataclasses.fields(self)}
        return name in self._given or getattr(self, name) != defaults[name]


class Arguments(TypedDict, total=False):
    """The arguments of `configure`: the fields of `Settings`, for type checkers."""

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
    archive: str | os.PathLike[str] | None
    archive_retention: float | str | None
    decision_retention: float | str | None
    hub: str | None
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
    """Return settings from the given arguments and, for the rest, the environment.

    A variable with an invalid value is logged and ignored: it may belong to another program.

    Raises:
        ConfigurationError: an argument is unknown or invalid; the message names it.
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
        except quantities.TooSmall as error:
            # To ignore it would be the opposite of what it says.
            found[name] = error.least
            if str(error) not in _said:
                _said.add(str(error))
                logger.warning("%s The least is used.", error)
        except ConfigurationError as error:
            if str(error) not in _said:
                _said.add(str(error))
                logger.warning("%s The variable is ignored.", error)
    return found


# Decorators and the start of recording read the environment.
_said: set[str] = set()
