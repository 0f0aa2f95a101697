"""The OTLP lanes: spans and log records to a collector or backend, by OpenTelemetry's exporters (extra `otlp`).

The standard variables `OTEL_EXPORTER_OTLP_*` set endpoint, protocol, headers, certificates, compression and timeout;
`OTEL_BSP_*` set sizes and delay of the queue.
"""

import importlib
import logging
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from opentelemetry.sdk.trace.export import SpanExporter

from obsv.errors import ConfigurationError
from obsv.exporters.lane import Lane, LogLane

logger = logging.getLogger("obsv")

GRPC, HTTP = "grpc", "http/protobuf"
_PROTOCOLS = (GRPC, HTTP)


class Signal(NamedTuple):
    """One of OTLP's signals, as its variables, addresses and official exporters name it.

    Args:
        name: as in `OTEL_EXPORTER_OTLP_<name>_ENDPOINT`.
        path: added to a base address.
        module: of the exporters, below the protocol's package.
        exporter: class of the exporters.
    """

    name: str
    path: str
    module: str
    exporter: str

    def value(self, environment: Mapping[str, str], setting: str) -> str | None:
        """Return a setting of the signal, else that of all signals; None if it is not set."""
        names = (f"OTEL_EXPORTER_OTLP_{self.name}_{setting}", f"OTEL_EXPORTER_OTLP_{setting}")
        return next((found for name in names if (found := environment.get(name, "").strip())), None)


TRACES = Signal("TRACES", "/v1/traces", "trace_exporter", "OTLPSpanExporter")
LOGS = Signal("LOGS", "/v1/logs", "_log_exporter", "OTLPLogExporter")


def otlp_lane(endpoint: str | None, environment: Mapping[str, str]) -> Lane | None:
    """Return the lane for spans that the settings request.

    Args:
        endpoint: base address such as `http://127.0.0.1:4318`, or a full one; None uses the environment.
        environment: the variables. They request a lane by an endpoint, or by `otlp` in `OTEL_TRACES_EXPORTER`; other
            names there without `otlp` disable it.

    Returns:
        The lane; None if none was requested.

    Raises:
        ConfigurationError: the exporter is not installed, or a setting is invalid.
    """
    if endpoint is None and not _is_asked_for(environment, TRACES):
        return None
    exporter: SpanExporter = otlp_exporter(endpoint, environment)
    return Lane(exporter, _named(endpoint, environment, TRACES), **_sizes(environment))


def log_lane(endpoint: str | None, environment: Mapping[str, str]) -> LogLane | None:
    """Return the lane for log records that the settings request: as `otlp_lane`, by `OTEL_LOGS_EXPORTER`.

    That variable without `otlp` in it also turns off what `endpoint` requests: not every backend takes log records.

    Raises:
        ConfigurationError: the exporter is not installed, or a setting is invalid.
    """
    is_asked_for = _is_asked_for(environment, LOGS)
    if not is_asked_for and (endpoint is None or environment.get("OTEL_LOGS_EXPORTER", "").strip()):
        return None
    from obsv.exporters.log_exporter import LogExporter

    exporter = LogExporter(otlp_exporter(endpoint, environment, LOGS))
    return LogLane(exporter, _named(endpoint, environment, LOGS), **_sizes(environment))


def has_endpoint(environment: Mapping[str, str]) -> bool:
    """Return whether the environment names an OTLP endpoint for traces."""
    return TRACES.value(environment, "ENDPOINT") is not None


def otlp_exporter(endpoint: str | None, environment: Mapping[str, str], signal: Signal = TRACES) -> Any:
    """Return an official exporter; arguments as for `otlp_lane`, and None uses the exporter's own default.

    Raises:
        ConfigurationError: the exporter is not installed, or a setting is invalid.
    """
    protocol = protocol_of(endpoint, environment, signal)
    package = "opentelemetry.exporter.otlp.proto." + ("grpc" if protocol == GRPC else "http")
    try:
        exporter: Any = getattr(importlib.import_module(f"{package}.{signal.module}"), signal.exporter)
    except ImportError as error:
        raise ConfigurationError(
            f"Exporting over OTLP needs extra packages: pip install 'obsv[otlp]' ({error})."
        ) from error
    named = signal.value(environment, "ENDPOINT") or ""
    if endpoint is None and protocol == HTTP and named and "://" not in named:
        endpoint = named  # the exporter would take it for an address of an unknown kind
    if endpoint is None:
        return exporter()
    return exporter(endpoint=_with_scheme(endpoint) if protocol == GRPC else signal_url(endpoint, signal))


def protocol_of(endpoint: str | None, environment: Mapping[str, str], signal: Signal = TRACES) -> str:
    """Return `grpc` or `http/protobuf`: as in the environment, else gRPC for its registered port 4317.

    Raises:
        ConfigurationError: the environment names another.
    """
    named = signal.value(environment, "PROTOCOL")
    if named is not None:
        if named not in _PROTOCOLS:
            raise ConfigurationError(f"OTEL_EXPORTER_OTLP_PROTOCOL is {GRPC} or {HTTP}, not {named!r}.")
        return named
    address = endpoint or signal.value(environment, "ENDPOINT") or ""
    try:
        return GRPC if urlsplit(_with_scheme(address)).port == 4317 else HTTP
    except ValueError as error:
        raise ConfigurationError(f"{address!r} is not an endpoint: {error}.") from error


def signal_url(endpoint: str, signal: Signal = TRACES) -> str:
    """Return the full address for a signal over HTTP: a base address gets `/v1/traces`, as specified.

    A full address of the other signal stands for its base.
    """
    url = urlsplit(_with_scheme(endpoint))
    path = url.path.rstrip("/")
    if path.endswith(signal.path):
        return url.geturl()
    other = LOGS if signal is TRACES else TRACES
    return url._replace(path=path.removesuffix(other.path) + signal.path).geturl()


def _with_scheme(endpoint: str) -> str:
    return endpoint if "://" in endpoint else f"http://{endpoint}"


def _is_asked_for(environment: Mapping[str, str], signal: Signal) -> bool:
    exporters = environment.get(f"OTEL_{signal.name}_EXPORTER", "").strip()
    if exporters:
        return any(name.strip().startswith("otlp") for name in exporters.split(","))
    return signal.value(environment, "ENDPOINT") is not None


def _named(endpoint: str | None, environment: Mapping[str, str], signal: Signal) -> str:
    return endpoint or signal.value(environment, "ENDPOINT") or "http://localhost:4318"


def _sizes(environment: Mapping[str, str]) -> dict[str, Any]:
    settings = {
        "max_queue_size": ("OTEL_BSP_MAX_QUEUE_SIZE", 1),
        "max_export_batch_size": ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1),
        "schedule_delay_s": ("OTEL_BSP_SCHEDULE_DELAY", 1_000),
    }
    sizes: dict[str, Any] = {}
    for name, (variable, divisor) in settings.items():
        text = environment.get(variable, "").strip()
        if text.isdecimal() and int(text):
            sizes[name] = int(text) // divisor if divisor == 1 else int(text) / divisor
        elif text:
            logger.warning("%s must be a whole number above 0, not %r; it is ignored.", variable, text)
    return sizes
