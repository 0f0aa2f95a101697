"""Messages for commands that need an extra, instead of a traceback."""

import importlib.util

from obsv.errors import ConfigurationError


def need_server() -> None:
    """Check that the extra `server` is installed.

    Raises:
        ConfigurationError: it is not; the message says how to install it.
    """
    _need("server", ("dash", "fastapi", "uvicorn", "grpc", "opentelemetry.proto"))


def need_archive() -> None:
    """Check that the extra `archive` is installed.

    Raises:
        ConfigurationError: it is not; the message says how to install it.
    """
    _need("archive", ("arro3.core", "arro3.io", "obstore"))


def need_duckdb() -> None:
    """Check that the extras `archive` and `duckdb` are installed.

    Raises:
        ConfigurationError: one is not; the message says how to install it.
    """
    need_archive()
    _need("archive,duckdb", ("duckdb",))


def _need(extra: str, modules: tuple[str, ...]) -> None:
    for module in modules:
        try:
            found = importlib.util.find_spec(module) is not None
        except ModuleNotFoundError:
            found = False
        if not found:
            raise ConfigurationError(f"This command needs an extra package: pip install 'obsv[{extra}]'.")
