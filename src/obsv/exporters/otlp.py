"""The OTLP lane: sends spans to a collector or backend through OpenTelemetry's official exporters (extra `otlp`).

The standard variables `OTEL_EXPORTER_OTLP_*` set endpoint, protocol, headers, certificates, compression and timeout;
`OTEL_BSP_*` set sizes and delay of the queue.
"""

import importlib
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.sdk.trace.export import SpanExporter

from obsv.errors import ConfigurationError
from obsv.exporters.lane import Lane

logger = logging.getLogger("obsv")

GRPC, HTTP = "grpc", "http/protobuf"
_MODULES = {
    GRPC: "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
    HTTP: "opentelemetry.exporter.otlp.proto.http.trace_exporter",
}
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_TRACES_PATH = "/v1/traces"


def otlp_lane(endpoint: str | None, environment: Mapping[str, str]) -> Lane | None:
    """Return the lane that the settings request.

    Args:
        endpoint: base address such as `http://127.0.0.1:4318`, or a full one; None uses the environment.
        environment: the variables. They request a lane by an endpoint, or by `otlp` in `OTEL_TRACES_EXPORTER`; other
            names
            there without `otlp` disable it.

    Returns:
        The lane; None if none was requested.

    Raises:
        ConfigurationError: the exporter is not installed, or a setting is invalid.
    """
    if endpoint is None and not _is_asked_for(environment):
        return None
    named = endpoint or _first(environment, _ENDPOINTS) or "http://localhost:4318"
    return Lane(otlp_exporter(endpoint, environment), named, **_sizes(environment))


def has_endpoint(environment: Mapping[str, str]) -> bool:
    """Return whether the environment names an OTLP endpoint for traces."""
    return _first(environment, _ENDPOINTS) is not None


def otlp_exporter(endpoint: str | None, environment: Mapping[str, str]) -> SpanExporter:
    """Return an official exporter; arguments as for `otlp_lane`, and None uses the exporter's own default.

    Raises:
        ConfigurationError: the exporter is not installed, or a setting is invalid.
    """
    protocol = protocol_of(endpoint, environment)
    try:
        exporter: Any = importlib.import_module(_MODULES[protocol]).OTLPSpanExporter
    except ImportError as error:
        raise ConfigurationError(
            f"Exporting over OTLP needs extra packages: pip install 'obsv[otlp]' ({error})."
        ) from error
    made: SpanExporter
    named = _first(environment, _ENDPOINTS) or ""
    if endpoint is None and protocol == HTTP and named and "://" not in named:
        endpoint = named  # the exporter would take it for an address of an unknown kind
    if endpoint is None:
        made = exporter()
    elif protocol == GRPC:
        made = exporter(endpoint=_with_scheme(endpoint))
    else:
        made = exporter(endpoint=traces_url(endpoint))
    return made


def protocol_of(endpoint: str | None, environment: Mapping[str, str]) -> str:
    """Return `grpc` or `http/protobuf`: as in the environment, else gRPC for its registered port 4317.

    Raises:
        ConfigurationError: the environment names another.
    """
    named = _first(environment, _PROTOCOLS)
    if named is not None:
        if named not in _MODULES:
            raise ConfigurationError(f"OTEL_EXPORTER_OTLP_PROTOCOL is {GRPC} or {HTTP}, not {named!r}.")
        return named
    address = endpoint or _first(environment, _ENDPOINTS) or ""
    try:
        return GRPC if urlsplit(_with_scheme(address)).port == 4317 else HTTP
    except ValueError as error:
        raise ConfigurationError(f"{address!r} is not an endpoint: {error}.") from error


def traces_url(endpoint: str) -> str:
    """Return the full address for traces over HTTP: a base address gets `/v1/traces`, as specified."""
    url = urlsplit(_with_scheme(endpoint))
    if url.path.rstrip("/").endswith(_TRACES_PATH):
        return url.geturl()
    return url._replace(path=url.path.rstrip("/") + _TRACES_PATH).geturl()


def _with_scheme(endpoint: str) -> str:
    return endpoint if "://" in endpoint else f"http://{endpoint}"


def _is_asked_for(environment: Mapping[str, str]) -> bool:
    exporters = environment.get("OTEL_TRACES_EXPORTER", "").strip()
    if exporters:
        return any(name.strip().startswith("otlp") for name in exporters.split(","))
    return has_endpoint(environment)


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((found for name in names if (found := environment.get(name, "").strip())), None)


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
