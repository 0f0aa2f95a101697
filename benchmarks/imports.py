"""Measure what `import obsv` adds to importing OpenTelemetry's SDK."""

from __future__ import annotations

import compileall
import importlib.util
import subprocess
import sys
from pathlib import Path

from benchmarks.result import Result

_SDK = "import opentelemetry.sdk.trace.export"


def _milliseconds(code: str) -> float:
    timed = f"import time; started = time.perf_counter(); {code}; print(time.perf_counter() - started)"
    run = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True)
    return float(run.stdout) * 1e3


def measure() -> list[Result]:
    """Milliseconds, the best of 15 fresh interpreters each, in turn, from compiled files as pip leaves them."""
    spec = importlib.util.find_spec("obsv")
    assert spec is not None
    assert spec.origin is not None
    compileall.compile_dir(Path(spec.origin).parent, quiet=1)
    sdk, both = zip(*((_milliseconds(_SDK), _milliseconds(f"{_SDK}; import obsv")) for _ in range(15)), strict=True)
    return [Result("`import obsv` beyond importing the SDK", min(both) - min(sdk), 15, 10, " ms")]
