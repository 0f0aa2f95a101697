"""Gates of software deployments: each release is tried on a share of requests, and rolled out, or not."""

from __future__ import annotations

import random
import time
from datetime import datetime, timezone
from typing import NamedTuple

import obsv
from obsv import monitor

_REQUESTS = 25


class Build(NamedTuple):
    """A release: what its tests say, and how it really behaves."""

    version: str
    coverage: float
    failure_rate: float
    delay_ms: float


class RequestFailed(Exception):
    """The service answered with an error."""


class Pipeline:
    """Builds, tries and releases versions of a service.

    Args:
        seed: of all chance.
    """

    def __init__(self, seed: int = 7) -> None:
        self._rng = random.Random(seed)
        self._number = 0
        self.released = self.blocked = 0
        self.limits = {"coverage": 0.8, "error_rate": 0.04, "p95_ms": 1.5}
        self._settings = obsv.register("config", self.limits, name="release limits", why="agreed with the team")
        self._running = ""

    @monitor(process_group="releases")
    def build(self) -> Build:
        """Return the next release."""
        self._number += 1
        coverage, delay_ms = self._rng.uniform(0.75, 0.95), self._rng.choice((0.2, 0.4, 0.8, 2.0))
        return Build(f"1.{self._number}.0", round(coverage, 3), self._rng.choice((0.0, 0.01, 0.12)), delay_ms)

    @monitor(process_group="service", expected=["RequestFailed"])
    def handle(self, build: Build, request: int, ms: float) -> str:
        """Answer a request, after some milliseconds."""
        time.sleep(ms / 1_000)
        if self._rng.random() < build.failure_rate:
            raise RequestFailed(f"request {request}")
        return f"{build.version}: {request}"

    @monitor(process_group="releases")
    def try_out(self, build: Build) -> tuple[float, float]:
        """Send some requests to a build; return the share of failures, and P95 in milliseconds."""
        failures, times = 0, []
        for request in range(_REQUESTS):
            times.append(build.delay_ms * self._rng.random())
            try:
                self.handle(build, request, times[-1])
            except RequestFailed:
                failures += 1
        return failures / _REQUESTS, sorted(times)[int(0.95 * len(times))]

    @monitor(process_group="releases")
    def release(self) -> None:
        """Decide about the next release: canary first, then everything."""
        build = self.build()
        parents = [self._settings, *([self._running] if self._running else [])]
        text = f"{build.version} {build.coverage}"
        artifact = obsv.register("build", text.encode(), build._asdict(), parents, name="checkout", why=build.version)
        error_rate, p95_ms = self.try_out(build)
        seen = datetime.now(timezone.utc)
        with obsv.decide("deploy", "checkout", "canary", actor=artifact, version=build.version) as d:
            d.gate("coverage", d.input("coverage", build.coverage, as_of=seen), ">=", self.limits["coverage"])
            d.gate("error rate", d.input("error_rate", error_rate, as_of=seen), "<=", self.limits["error_rate"])
            d.gate("p95", d.input("p95_ms", p95_ms, as_of=seen), "<=", self.limits["p95_ms"])
            d.action = "roll out" if d.passed else "keep the old version"
        is_bad = build.failure_rate > self.limits["error_rate"]
        if d.passed:
            self.released += 1
            self._running = artifact
            obsv.event("release.rolled_out", version=build.version)
            obsv.outcome(d.id, incidents=int(is_bad), rolled_back=is_bad)
        else:
            self.blocked += 1
            obsv.counterfactual(d.id, "replay", alternative="roll out", judgement="good" if is_bad else "bad")


def run(seconds: float, seed: int = 7) -> Pipeline:
    """Release versions for some seconds; return the pipeline."""
    pipeline, end = Pipeline(seed), time.monotonic() + seconds
    while time.monotonic() < end:
        pipeline.release()
    return pipeline
