"""What `import obsv` adds to importing OpenTelemetry's SDK."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.result import Result

_SDK = "import opentelemetry.sdk.trace.export"


def _milliseconds(code: str) -> float:
    timed = f"import time; started = time.perf_counter(); {code}; print(time.perf_counter() - started)"
    runs = [
        subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True) for _ in range(15)
    ]
    return min(float(run.stdout) for run in runs) * 1e3


def measure() -> list[Result]:
    """Milliseconds, the best of 15 fresh interpreters each."""
    beyond = _milliseconds(f"{_SDK}; import obsv") - _milliseconds(_SDK)
    return [Result("`import obsv` beyond importing the SDK", beyond, 40, 15, " ms")]
