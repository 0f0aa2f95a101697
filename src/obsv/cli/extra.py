"""Commands that need an extra say so, instead of a traceback."""

import importlib.util

from obsv.errors import ConfigurationError


def need_server() -> None:
    """See that the extra `server` is installed.

    Raises:
        ConfigurationError: it is not; the message says how to install it.
    """
    for module in ("dash", "fastapi", "uvicorn", "grpc", "opentelemetry.proto"):
        try:
            found = importlib.util.find_spec(module) is not None
        except ModuleNotFoundError:
            found = False
        if not found:
            raise ConfigurationError("This command needs more than recording does: pip install 'obsv[server]'.")
