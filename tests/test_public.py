"""The names in `import obsv`, and the modules it does not load."""

import subprocess
import sys

import pytest

import obsv


def test_public_names() -> None:
    """The names that users may rely on."""
    assert obsv.__all__ == [
        "Event",
        "__version__",
        "auto_instrument_module",
        "configure",
        "counterfactual",
        "decide",
        "event",
        "force_flush",
        "load_gates",
        "monitor",
        "outcome",
        "register",
        "shutdown",
        "stats",
    ]
    assert all(callable(getattr(obsv, name)) for name in obsv.__all__ if name != "__version__")
    with pytest.raises(AttributeError, match="no attribute 'monitr'"):
        _ = obsv.monitr  # type: ignore[attr-defined]


def test_import_loads_no_heavy_code() -> None:
    """No web, user interface or array library, no database and no pipeline before the first recorded call."""
    code = "import sys, obsv; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = (
        "sqlite3 pandas numpy polars dash plotly fastapi uvicorn grpc google.protobuf rich typer asyncio obsv.pipeline"
    )
    assert not set(heavy.split()) & set(loaded)


def test_first_call_loads_no_web_code() -> None:
    """Recording needs neither the extras nor what they bring."""
    code = "import sys, obsv; obsv.configure(db=sys.argv[1]); obsv.monitor(len)([]); print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code, "/dev/null/store.db"], capture_output=True, text=True, check=True
    )
    heavy = "pandas numpy polars dash plotly fastapi uvicorn starlette grpc google.protobuf rich typer"
    assert not set(heavy.split()) & set(done.stdout.split())
