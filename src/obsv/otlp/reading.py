"""gRPC calls whose message has not arrived yet."""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol


class Call(Protocol):
    """A call: `grpc.ServicerContext`."""

    def cancel(self) -> Any:
        """End the call."""
        ...

    def peer(self) -> str:
        """Return protocol, address and port of the other side."""
        ...


# How long a call may wait for its message while others need its worker: it follows the headers, mostly in one packet.
PATIENCE_S = 0.2


class Reading:
    """Ends calls that wait too long for their message, and sooner when their workers are needed.

    Args:
        timeout_s: how long a call may wait.
        most: number of calls that may wait longer than `PATIENCE_S` while others need a worker.
    """

    def __init__(self, timeout_s: float, most: int) -> None:
        self._timeout_s = timeout_s
        self._most = most
        self._changed = threading.Condition()  # guards the next three
        self._calls: OrderedDict[int, tuple[Call, str, float]] = OrderedDict()
        self._is_wanted = self._stopped = False
        self._thread = threading.Thread(target=self._watch, name="obsv-grpc-reading", daemon=True)

    def start(self) -> None:
        """Start watching."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    @contextmanager
    def waiting(self, call: Call) -> Iterator[None]:
        """Count a call as waiting during the block."""
        with self._changed:
            self._calls[id(call)] = (call, call.peer().rpartition(":")[0], time.monotonic())
            if len(self._calls) in (1, self._most):
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._calls.pop(id(call), None)

    def want(self, is_wanted: bool) -> None:
        """Set whether calls wait for a worker."""
        with self._changed:
            if is_wanted != self._is_wanted:
                self._is_wanted = is_wanted
                self._changed.notify()

    def _watch(self) -> None:
        while (late := self._late()) is not None:
            late.cancel()

    def _late(self) -> Call | None:
        """Return a late call, once there is one; None if there is nothing to watch any more."""
        with self._changed:
            while not self._stopped:
                is_full = self._is_wanted and len(self._calls) >= self._most
                until = time.monotonic() - (PATIENCE_S if is_full else self._timeout_s)
                late = [(key, address) for key, (_, address, since) in self._calls.items() if since <= until]
                if late:
                    # They are in order of arrival.
                    most, _ = Counter(address for _, address in late).most_common(1)[0]
                    return self._calls.pop(next(key for key, address in late if address == most))[0]
                oldest = next(iter(self._calls.values()), None)
                self._changed.wait(None if oldest is None else oldest[2] - until)
            return None


class Workers(ThreadPoolExecutor):
    """Threads for calls, some of which are kept from calls that wait for their message.

    Args:
        number: number of threads.
        reading: waiting calls.
    """

    def __init__(self, number: int, reading: Reading) -> None:
        super().__init__(number, thread_name_prefix="obsv-grpc")
        self._reading = reading
        self._lock = threading.Lock()  # guards the number
        self.waiting = 0

    def submit(self, call: Callable[..., Any], /, *args: Any, **settings: Any) -> "Future[Any]":
        """Submit a call; it waits for a thread, which may have to be freed."""
        with self._lock:
            self.waiting += 1
        future = super().submit(self._run, call, *args, **settings)
        self._reading.want(self.waiting > 0)
        return future

    def _run(self, call: Callable[..., Any], *args: Any, **settings: Any) -> Any:
        with self._lock:
            self.waiting -= 1
        self._reading.want(self.waiting > 0)
        return call(*args, **settings)
