"""OpenTelemetry distribution and configurator for `opentelemetry-instrument`, without code changes.

These are the entry points of the groups `opentelemetry_distro` and `opentelemetry_configurator`. They take effect
only if `OTEL_TRACES_EXPORTER` names `obsv_sqlite` or is not set; if it names only other exporters, OpenTelemetry
behaves as if obsv were not installed.
"""

import logging
import os
from importlib.metadata import entry_points
from typing import Any

from opentelemetry import trace
from opentelemetry.instrumentation.distro import BaseDistro
from opentelemetry.sdk._configuration import _BaseConfigurator, _OTelSDKConfigurator
from opentelemetry.sdk.environment_variables import OTEL_SDK_DISABLED
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from obsv.exporters.otlp import has_endpoint
from obsv.runtime import configure

logger = logging.getLogger("obsv")

SQLITE = "obsv_sqlite"
TRACES, METRICS, LOGS = "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"


class Distro(BaseDistro):
    """The distribution: sets the variables that the user did not set."""

    def _configure(self, **_: Any) -> None:
        os.environ.setdefault(TRACES, f"{SQLITE},otlp" if has_endpoint(os.environ) else SQLITE)
        if _is_ours():
            os.environ.setdefault(METRICS, "none")
            os.environ.setdefault(LOGS, "none")


class Configurator(_BaseConfigurator):
    """Starts obsv's pipeline and the other exporters that `OTEL_TRACES_EXPORTER` names."""

    def _configure(self, **settings: Any) -> None:
        if not _is_ours():
            _OTelSDKConfigurator().configure(**settings)
        elif os.environ.get(OTEL_SDK_DISABLED, "").strip().lower() != "true":
            configure()
            for name in _others():
                _add(name)
            _say_what_is_left_out()


def _names() -> list[str]:
    return [name for part in os.environ.get(TRACES, "").split(",") if (name := part.strip())]


def _is_ours() -> bool:
    return not _names() or SQLITE in _names()


def _others() -> list[str]:
    """Return the names of exporters other than ours and OTLP, which the OTLP lane handles."""
    return [name for name in _names() if name not in (SQLITE, "none") and not name.startswith("otlp")]


def _add(name: str) -> None:
    provider = trace.get_tracer_provider()
    found = list(entry_points(group="opentelemetry_traces_exporter", name=name))
    if not found:
        logger.error("%s names %r, but no installed package provides this exporter.", TRACES, name)
        return
    try:
        provider.add_span_processor(BatchSpanProcessor(found[0].load()()))  # type: ignore[attr-defined]
    except Exception:
        logger.exception("The exporter %r of %s could not be loaded.", name, TRACES)


def _say_what_is_left_out() -> None:
    for variable in (METRICS, LOGS):
        if os.environ.get(variable, "none").strip().lower() not in ("", "none"):
            logger.warning("obsv only sets up traces; %s must be set up by the program.", variable)
